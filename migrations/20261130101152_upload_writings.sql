ALTER TABLE `upload_parts` ADD `writing` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `uploads` ADD `completed_at` integer;
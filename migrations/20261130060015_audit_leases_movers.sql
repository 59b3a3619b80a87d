ALTER TABLE `scorer_labels` ADD `moved_by` text;--> statement-breakpoint
ALTER TABLE `scorers` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `principle_labels` ADD `moved_by` text;
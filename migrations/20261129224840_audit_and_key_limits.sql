CREATE TABLE `audit_records` (
	`id` text PRIMARY KEY NOT NULL,
	`key_id` text NOT NULL,
	`key_name` text NOT NULL,
	`action` text NOT NULL,
	`object` text NOT NULL,
	`address` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_records_key` ON `audit_records` (`key_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_records_action` ON `audit_records` (`action`,`id`);--> statement-breakpoint
CREATE INDEX `audit_records_object` ON `audit_records` (`object`,`id`);--> statement-breakpoint
ALTER TABLE `api_keys` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `expires_at` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `last_used_at` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `requests_per_minute` integer;
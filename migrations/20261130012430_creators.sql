ALTER TABLE `artifacts` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `experiments` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `principle_versions` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `principles` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `base_models` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `prompt_sets` ADD `created_by` text;
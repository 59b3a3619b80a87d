ALTER TABLE `api_keys` ADD `open_streams` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `stored_bytes` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `experiments_under_way` integer;--> statement-breakpoint
ALTER TABLE `prompt_sets` ADD `bytes` integer;--> statement-breakpoint
CREATE INDEX `artifacts_creator` ON `artifacts` ("created_by" ->> 'id',`bytes`);
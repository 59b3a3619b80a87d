ALTER TABLE `experiments` ADD `simulator_id` text REFERENCES base_models(id);--> statement-breakpoint
CREATE INDEX `experiments_simulator` ON `experiments` (`simulator_id`) WHERE "experiments"."simulator_id" is not null;--> statement-breakpoint
ALTER TABLE `base_models` ADD `served` text;
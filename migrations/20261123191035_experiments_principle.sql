DROP INDEX `experiments_principle`;--> statement-breakpoint
ALTER TABLE `experiments` ADD `principle_id` text NOT NULL REFERENCES principles(id);--> statement-breakpoint
CREATE INDEX `experiments_principle` ON `experiments` (`principle_id`,`id`);
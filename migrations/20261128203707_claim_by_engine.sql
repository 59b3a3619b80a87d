DROP INDEX `tasks_claim`;--> statement-breakpoint
CREATE INDEX `tasks_claim` ON `tasks` (`status`,`engine_version`,`priority`,`id`);
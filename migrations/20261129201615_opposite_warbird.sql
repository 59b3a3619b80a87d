ALTER TABLE `experiments` ADD `form` text;--> statement-breakpoint
CREATE INDEX `task_puts_artifact` ON `task_puts` (`sha256`,`task_id`);
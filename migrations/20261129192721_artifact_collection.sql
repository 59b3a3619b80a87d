CREATE TABLE `unused_blobs` (
	`name` text PRIMARY KEY NOT NULL,
	`due_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `unused_blobs_due` ON `unused_blobs` (`due_at`);--> statement-breakpoint
CREATE TABLE `task_puts` (
	`task_id` text NOT NULL,
	`sha256` text NOT NULL,
	PRIMARY KEY(`task_id`, `sha256`),
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `artifacts` ADD `writing` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `artifacts` ADD `is_kept` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `artifacts` ADD `due_at` integer;--> statement-breakpoint
CREATE INDEX `artifacts_due` ON `artifacts` (`due_at`) WHERE "artifacts"."due_at" is not null;--> statement-breakpoint
ALTER TABLE `uploads` ADD `epoch` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `previous_checkpoint_sha256` text REFERENCES artifacts(sha256);--> statement-breakpoint
ALTER TABLE `tasks` ADD `previous_checkpoint_step` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `previous_checkpoint_epoch` integer;--> statement-breakpoint
CREATE INDEX `tasks_checkpoint` ON `tasks` (`checkpoint_sha256`) WHERE "tasks"."checkpoint_sha256" is not null;--> statement-breakpoint
CREATE INDEX `tasks_previous_checkpoint` ON `tasks` (`previous_checkpoint_sha256`) WHERE "tasks"."previous_checkpoint_sha256" is not null;--> statement-breakpoint
CREATE INDEX `tasks_prompts` ON `tasks` ("specification" ->> '$.prompts.sha256');--> statement-breakpoint
CREATE INDEX `tasks_cancelled` ON `tasks` (`cancel_requested_at`) WHERE "tasks"."cancel_requested_at" is not null;--> statement-breakpoint
CREATE INDEX `prompt_splits_artifact` ON `prompt_splits` (`sha256`);
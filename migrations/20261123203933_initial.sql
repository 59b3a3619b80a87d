CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`secret_sha256` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE TABLE `idempotency_records` (
	`key_id` text NOT NULL,
	`idempotency_key` text NOT NULL,
	`request_sha256` text NOT NULL,
	`status` integer NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`key_id`, `idempotency_key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_records_created` ON `idempotency_records` (`created_at`);--> statement-breakpoint
CREATE TABLE `artifacts` (
	`sha256` text PRIMARY KEY NOT NULL,
	`bytes` integer NOT NULL,
	`media_type` text NOT NULL,
	`kind` text NOT NULL,
	`produced_by_task_id` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `artifacts_kind` ON `artifacts` (`kind`,`created_at`,`sha256`);--> statement-breakpoint
CREATE INDEX `artifacts_created` ON `artifacts` (`created_at`,`sha256`);--> statement-breakpoint
CREATE INDEX `artifacts_task` ON `artifacts` (`produced_by_task_id`,`created_at`,`sha256`);--> statement-breakpoint
CREATE TABLE `upload_parts` (
	`upload_id` text NOT NULL,
	`number` integer NOT NULL,
	`bytes` integer NOT NULL,
	`etag` text NOT NULL,
	PRIMARY KEY(`upload_id`, `number`),
	FOREIGN KEY (`upload_id`) REFERENCES `uploads`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` text PRIMARY KEY NOT NULL,
	`sha256` text NOT NULL,
	`bytes` integer NOT NULL,
	`media_type` text NOT NULL,
	`kind` text NOT NULL,
	`produced_by_task_id` text,
	`key_id` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `uploads_created` ON `uploads` (`created_at`);--> statement-breakpoint
CREATE TABLE `experiments` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`method` text NOT NULL,
	`principle_id` text NOT NULL,
	`principle_version_id` text NOT NULL,
	`prompt_set_id` text NOT NULL,
	`base_model_id` text NOT NULL,
	`seed` integer NOT NULL,
	`hyperparameters` text NOT NULL,
	`shards` integer NOT NULL,
	`status` text NOT NULL,
	`status_reason` text,
	`created_at` integer NOT NULL,
	`finished_at` integer,
	`revision` integer DEFAULT 0 NOT NULL,
	`planned_revision` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`principle_id`) REFERENCES `principles`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`principle_version_id`) REFERENCES `principle_versions`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`prompt_set_id`) REFERENCES `prompt_sets`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`base_model_id`) REFERENCES `base_models`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `experiments_name` ON `experiments` (`name`,`id`);--> statement-breakpoint
CREATE INDEX `experiments_unplanned` ON `experiments` (`id`) WHERE "experiments"."revision" > "experiments"."planned_revision";--> statement-breakpoint
CREATE INDEX `experiments_status` ON `experiments` (`status`,`id`);--> statement-breakpoint
CREATE INDEX `experiments_method` ON `experiments` (`method`,`id`);--> statement-breakpoint
CREATE INDEX `experiments_principle` ON `experiments` (`principle_id`,`id`);--> statement-breakpoint
CREATE INDEX `experiments_prompt_set` ON `experiments` (`prompt_set_id`,`id`);--> statement-breakpoint
CREATE INDEX `experiments_base_model` ON `experiments` (`base_model_id`,`id`);--> statement-breakpoint
CREATE TABLE `stages` (
	`id` text PRIMARY KEY NOT NULL,
	`experiment_id` text NOT NULL,
	`position` integer NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`status` text NOT NULL,
	`status_reason` text,
	`plan` text NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	FOREIGN KEY (`experiment_id`) REFERENCES `experiments`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stages_position` ON `stages` (`experiment_id`,`position`);--> statement-breakpoint
CREATE INDEX `stages_status` ON `stages` (`status`,`id`);--> statement-breakpoint
CREATE TABLE `events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`experiment_id` text,
	`task_id` text,
	`kind` text NOT NULL,
	`data` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `events_experiment` ON `events` (`experiment_id`,`id`);--> statement-breakpoint
CREATE INDEX `events_created` ON `events` (`created_at`);--> statement-breakpoint
CREATE TABLE `metric_chunks` (
	`task_id` text NOT NULL,
	`name` text NOT NULL,
	`window` integer NOT NULL,
	`count` integer NOT NULL,
	`buckets` text NOT NULL,
	`points` text NOT NULL,
	PRIMARY KEY(`task_id`, `name`, `window`),
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `samples` (
	`task_id` text NOT NULL,
	`step` integer NOT NULL,
	`row` integer NOT NULL,
	`prompt_id` text NOT NULL,
	`prompt` text NOT NULL,
	`response` text NOT NULL,
	`score` real,
	`detail` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`task_id`, `step`, `row`),
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `comparison_candidates` (
	`id` text PRIMARY KEY NOT NULL,
	`task_id` text NOT NULL,
	`prompt_id` text NOT NULL,
	`prompt` text NOT NULL,
	`first_response` text NOT NULL,
	`second_response` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `comparison_candidates_task` ON `comparison_candidates` (`task_id`,`id`);--> statement-breakpoint
CREATE TABLE `comparisons` (
	`id` text PRIMARY KEY NOT NULL,
	`candidate_id` text NOT NULL,
	`source` text NOT NULL,
	`judge` text NOT NULL,
	`swapped` integer NOT NULL,
	`outcome` text NOT NULL,
	`first_score` real,
	`second_score` real,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`candidate_id`) REFERENCES `comparison_candidates`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `comparisons_candidate` ON `comparisons` (`candidate_id`,`id`);--> statement-breakpoint
CREATE INDEX `comparisons_judge` ON `comparisons` (`judge`,`candidate_id`);--> statement-breakpoint
CREATE INDEX `comparisons_source` ON `comparisons` (`source`,`id`);--> statement-breakpoint
CREATE TABLE `preference_pairs` (
	`task_id` text NOT NULL,
	`position` integer NOT NULL,
	`prompt_id` text NOT NULL,
	`prompt` text NOT NULL,
	`chosen` text NOT NULL,
	`rejected` text NOT NULL,
	`label_probability` real NOT NULL,
	`affix_pair` integer,
	PRIMARY KEY(`task_id`, `position`),
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `preference_pairs_probability` ON `preference_pairs` (`task_id`,`label_probability`,`position`);--> statement-breakpoint
CREATE TABLE `scorer_labels` (
	`principle_id` text NOT NULL,
	`name` text NOT NULL,
	`scorer_id` text NOT NULL,
	`moved_at` integer NOT NULL,
	PRIMARY KEY(`principle_id`, `name`),
	FOREIGN KEY (`principle_id`) REFERENCES `principles`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`scorer_id`) REFERENCES `scorers`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `scorers` (
	`id` text PRIMARY KEY NOT NULL,
	`principle_version_id` text NOT NULL,
	`sha256` text NOT NULL,
	`preference_model_sha256` text NOT NULL,
	`calibration` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`principle_version_id`) REFERENCES `principle_versions`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`sha256`) REFERENCES `artifacts`(`sha256`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `scorers_sha256_unique` ON `scorers` (`sha256`);--> statement-breakpoint
CREATE INDEX `scorers_principle` ON `scorers` (`principle_version_id`,`id`);--> statement-breakpoint
CREATE TABLE `principle_labels` (
	`principle_id` text NOT NULL,
	`name` text NOT NULL,
	`version_id` text NOT NULL,
	`moved_at` integer NOT NULL,
	PRIMARY KEY(`principle_id`, `name`),
	FOREIGN KEY (`principle_id`) REFERENCES `principles`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`version_id`) REFERENCES `principle_versions`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `principle_labels_version` ON `principle_labels` (`version_id`);--> statement-breakpoint
CREATE TABLE `principle_versions` (
	`id` text PRIMARY KEY NOT NULL,
	`principle_id` text NOT NULL,
	`number` integer NOT NULL,
	`definition` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`principle_id`) REFERENCES `principles`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `principle_versions_number` ON `principle_versions` (`principle_id`,`number`);--> statement-breakpoint
CREATE TABLE `principles` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `principles_name_unique` ON `principles` (`name`);--> statement-breakpoint
CREATE TABLE `base_models` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`source` text NOT NULL,
	`weights_sha256` text NOT NULL,
	`parameter_count` integer NOT NULL,
	`context_length` integer NOT NULL,
	`configuration` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `base_models_name_unique` ON `base_models` (`name`);--> statement-breakpoint
CREATE TABLE `prompt_sets` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`split_rule` text NOT NULL,
	`content_sha256` text,
	`counts` text,
	`created_at` integer NOT NULL,
	`ready_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `prompt_sets_name_unique` ON `prompt_sets` (`name`);--> statement-breakpoint
CREATE INDEX `prompt_sets_ready` ON `prompt_sets` (`id`) WHERE "prompt_sets"."ready_at" is not null;--> statement-breakpoint
CREATE INDEX `prompt_sets_unready` ON `prompt_sets` (`created_at`) WHERE "prompt_sets"."ready_at" is null;--> statement-breakpoint
CREATE TABLE `prompt_splits` (
	`prompt_set_id` text NOT NULL,
	`split` text NOT NULL,
	`sha256` text NOT NULL,
	`rows` integer NOT NULL,
	PRIMARY KEY(`prompt_set_id`, `split`),
	FOREIGN KEY (`prompt_set_id`) REFERENCES `prompt_sets`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`sha256`) REFERENCES `artifacts`(`sha256`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `prompts` (
	`prompt_set_id` text NOT NULL,
	`position` integer NOT NULL,
	`split` text NOT NULL,
	`text` text NOT NULL,
	`chosen` text,
	`rejected` text,
	`text_sha256` text NOT NULL,
	PRIMARY KEY(`prompt_set_id`, `position`),
	FOREIGN KEY (`prompt_set_id`) REFERENCES `prompt_sets`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `prompts_split` ON `prompts` (`prompt_set_id`,`split`,`position`);--> statement-breakpoint
CREATE INDEX `prompts_text` ON `prompts` (`prompt_set_id`,`text_sha256`);--> statement-breakpoint
CREATE TABLE `launches` (
	`id` text PRIMARY KEY NOT NULL,
	`launcher` text NOT NULL,
	`outcome` text NOT NULL,
	`reason` text NOT NULL,
	`queued_tasks` integer NOT NULL,
	`live_runners` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `launches_outcome` ON `launches` (`outcome`,`id`);--> statement-breakpoint
CREATE TABLE `runners` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`key_id` text NOT NULL,
	`engine_version` text NOT NULL,
	`device` text NOT NULL,
	`created_at` integer NOT NULL,
	`seen_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `runners_seen` ON `runners` (`seen_at`,`id`);--> statement-breakpoint
CREATE INDEX `runners_created` ON `runners` (`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `stage_tasks` (
	`stage_id` text NOT NULL,
	`shard` integer NOT NULL,
	`task_id` text NOT NULL,
	PRIMARY KEY(`stage_id`, `shard`),
	FOREIGN KEY (`stage_id`) REFERENCES `stages`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `stage_tasks_task` ON `stage_tasks` (`task_id`,`stage_id`);--> statement-breakpoint
CREATE TABLE `task_failures` (
	`task_id` text NOT NULL,
	`epoch` integer NOT NULL,
	`runner_id` text,
	`code` text NOT NULL,
	`message` text NOT NULL,
	`cure` text,
	`retried` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`task_id`, `epoch`),
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `task_inputs` (
	`task_id` text NOT NULL,
	`name` text NOT NULL,
	`sha256` text NOT NULL,
	PRIMARY KEY(`task_id`, `name`),
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `task_inputs_artifact` ON `task_inputs` (`sha256`,`task_id`);--> statement-breakpoint
CREATE TABLE `task_outputs` (
	`task_id` text NOT NULL,
	`name` text NOT NULL,
	`sha256` text NOT NULL,
	PRIMARY KEY(`task_id`, `name`),
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`sha256`) REFERENCES `artifacts`(`sha256`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `task_outputs_artifact` ON `task_outputs` (`sha256`,`task_id`);--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`content_key` text NOT NULL,
	`kind` text NOT NULL,
	`specification` text NOT NULL,
	`engine_version` text NOT NULL,
	`experiment_id` text NOT NULL,
	`stage` text NOT NULL,
	`status` text NOT NULL,
	`priority` integer NOT NULL,
	`available_at` integer NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`expirations` integer DEFAULT 0 NOT NULL,
	`epoch` integer DEFAULT 0 NOT NULL,
	`lease_runner_id` text,
	`lease_key_id` text,
	`lease_expires_at` integer,
	`claim_key` text,
	`claim_token` text,
	`claimed_at` integer,
	`report_sequence` integer DEFAULT 0 NOT NULL,
	`cancel_requested_at` integer,
	`progress` text,
	`checkpoint_sha256` text,
	`checkpoint_step` integer,
	`checkpoint_epoch` integer,
	`result` text,
	`busy_milliseconds` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	FOREIGN KEY (`lease_runner_id`) REFERENCES `runners`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`checkpoint_sha256`) REFERENCES `artifacts`(`sha256`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_content_key_unique` ON `tasks` (`content_key`);--> statement-breakpoint
CREATE INDEX `tasks_claim` ON `tasks` (`status`,`priority`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_lease_expiry` ON `tasks` (`lease_expires_at`) WHERE "tasks"."status" = 'leased';--> statement-breakpoint
CREATE INDEX `tasks_runner` ON `tasks` (`lease_runner_id`,`status`);--> statement-breakpoint
CREATE INDEX `tasks_kind` ON `tasks` (`kind`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_status` ON `tasks` (`status`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_claim_key` ON `tasks` (`claim_key`);
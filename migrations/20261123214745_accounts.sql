ALTER TABLE `launches` ADD `arrived_at` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `gpu_milliseconds` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `prompt_tokens` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `sampled_tokens` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `scored_tokens` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `trained_tokens` integer DEFAULT 0 NOT NULL;
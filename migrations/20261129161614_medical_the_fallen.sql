ALTER TABLE `prompts` ADD `turns` text;--> statement-breakpoint
ALTER TABLE `prompts` ADD `aside` text;
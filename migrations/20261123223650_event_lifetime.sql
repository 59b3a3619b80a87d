DROP INDEX `events_created`;--> statement-breakpoint
CREATE INDEX `events_reported` ON `events` (`created_at`) WHERE "events"."kind" = 'task-reported';
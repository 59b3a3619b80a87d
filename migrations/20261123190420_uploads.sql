CREATE INDEX `prompt_sets_ready` ON `prompt_sets` (`id`) WHERE "prompt_sets"."ready_at" is not null;--> statement-breakpoint
CREATE INDEX `prompt_sets_unready` ON `prompt_sets` (`created_at`) WHERE "prompt_sets"."ready_at" is null;--> statement-breakpoint
ALTER TABLE `uploads` DROP COLUMN `blob_upload_id`;
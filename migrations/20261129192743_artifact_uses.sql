-- Where a use of an artifact ends, whatever ends it (a cascade, too), the collector has to look: due_at becomes 0.
-- What something else still uses it leaves alone again.
CREATE TRIGGER `task_outputs_released` AFTER DELETE ON `task_outputs` BEGIN
	UPDATE `artifacts` SET `due_at` = 0 WHERE `sha256` = OLD.`sha256` AND `due_at` IS NULL AND `is_kept` = 0;
END;
--> statement-breakpoint
CREATE TRIGGER `task_inputs_released` AFTER DELETE ON `task_inputs` BEGIN
	UPDATE `artifacts` SET `due_at` = 0 WHERE `sha256` = OLD.`sha256` AND `due_at` IS NULL AND `is_kept` = 0;
END;
--> statement-breakpoint
CREATE TRIGGER `prompt_splits_released` AFTER DELETE ON `prompt_splits` BEGIN
	UPDATE `artifacts` SET `due_at` = 0 WHERE `sha256` = OLD.`sha256` AND `due_at` IS NULL AND `is_kept` = 0;
END;
--> statement-breakpoint
CREATE TRIGGER `scorers_released` AFTER DELETE ON `scorers` BEGIN
	UPDATE `artifacts` SET `due_at` = 0 WHERE `sha256` = OLD.`sha256` AND `due_at` IS NULL AND `is_kept` = 0;
END;
--> statement-breakpoint
CREATE TRIGGER `checkpoints_released` AFTER UPDATE OF `checkpoint_sha256`, `previous_checkpoint_sha256` ON `tasks` BEGIN
	UPDATE `artifacts` SET `due_at` = 0 WHERE `sha256` IN (OLD.`checkpoint_sha256`, OLD.`previous_checkpoint_sha256`) AND `due_at` IS NULL AND `is_kept` = 0;
END;
--> statement-breakpoint
CREATE TRIGGER `tasks_released` AFTER DELETE ON `tasks` BEGIN
	UPDATE `artifacts` SET `due_at` = 0 WHERE `sha256` IN (OLD.`checkpoint_sha256`, OLD.`previous_checkpoint_sha256`, OLD.`specification` ->> '$.prompts.sha256') AND `due_at` IS NULL AND `is_kept` = 0;
END;
--> statement-breakpoint
-- What was stored before: the collector looks at all that tasks made; what clients put stays.
UPDATE `artifacts` SET `is_kept` = 1 WHERE `produced_by_task_id` IS NULL AND `kind` <> 'prompts';
--> statement-breakpoint
UPDATE `artifacts` SET `due_at` = 0 WHERE `is_kept` = 0;
--> statement-breakpoint
INSERT INTO `task_puts` (`task_id`, `sha256`) SELECT `produced_by_task_id`, `sha256` FROM `artifacts` WHERE `produced_by_task_id` IN (SELECT `id` FROM `tasks`);

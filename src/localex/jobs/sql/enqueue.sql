-- Insert many jobs in the caller's transaction.
--
-- A job with a dedupe key coalesces with the waiting one. DO UPDATE and not DO NOTHING: the update locks the waiting row
-- until this transaction commits, so that no worker can claim it and read the state from before this change.
INSERT INTO job (
    id, queue, task, payload, dedupe_key, state, priority, run_at, attempts, max_attempts, fence, traceparent,
    last_error, created_at
)
SELECT
    wanted.id, wanted.queue, wanted.task, wanted.payload, wanted.dedupe_key, 'ready', wanted.priority, wanted.run_at,
    0, wanted.max_attempts, 0, %(traceparent)s, '', %(now)s
FROM unnest(
    %(ids)s::uuid[], %(queues)s::text[], %(tasks)s::text[], %(payloads)s::text[]::jsonb[], %(dedupe_keys)s::text[],
    %(priorities)s::smallint[], %(run_ats)s::timestamptz[], %(max_attempts)s::smallint[]
) AS wanted (id, queue, task, payload, dedupe_key, priority, run_at, max_attempts)
ON CONFLICT (task, dedupe_key) WHERE state = 'ready' DO UPDATE SET
    payload = excluded.payload,
    priority = greatest(job.priority, excluded.priority),
    run_at = least(job.run_at, excluded.run_at),
    -- A new wish is a new count: what failed before it must not kill it.
    attempts = 0,
    max_attempts = excluded.max_attempts,
    traceparent = excluded.traceparent
RETURNING id, queue, run_at

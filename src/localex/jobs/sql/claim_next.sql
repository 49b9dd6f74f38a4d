-- Take the job that is due first; no row when nothing is due. Index job_next.
--
-- The commit need not wait for the disk: after a crash the job is simply waiting again, and the fence still lets only
-- one finish through, because finishing also needs state = 'running'.
UPDATE job SET
    state = 'running',
    attempts = attempts + 1,
    fence = fence + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
FROM set_config('synchronous_commit', 'off', true)
WHERE id = (
    SELECT id
    FROM job
    WHERE state = 'ready' AND queue = %(queue)s AND run_at <= %(now)s
    ORDER BY priority DESC, run_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, task, payload, fence, attempts, max_attempts, traceparent, run_at

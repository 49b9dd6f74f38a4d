-- Take the one job that the doorbell named, if it is still waiting and nobody else is taking it. Primary key.
UPDATE job SET
    state = 'running',
    attempts = attempts + 1,
    fence = fence + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
FROM set_config('synchronous_commit', 'off', true)
WHERE id = (
    SELECT id
    FROM job
    WHERE id = %(id)s AND state = 'ready' AND run_at <= %(now)s
    FOR UPDATE SKIP LOCKED
)
RETURNING id, task, payload, fence, attempts, max_attempts, traceparent, run_at

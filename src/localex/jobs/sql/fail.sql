-- Give a job back after a failure: waiting again, dead after its last attempt, or done when a newer wish with the same
-- dedupe key waits already (that one does the work, and two may not wait). Guarded like finish.sql.
UPDATE job SET
    state = next.state,
    run_at = CASE next.state WHEN 'ready' THEN %(retry_at)s ELSE job.run_at END,
    lease_until = NULL,
    last_error = %(error)s,
    finished_at = CASE next.state WHEN 'ready' THEN NULL ELSE %(now)s::timestamptz END
FROM (
    SELECT mine.id, CASE
        WHEN EXISTS (
            SELECT FROM job AS twin
            WHERE twin.state = 'ready' AND twin.task = mine.task AND twin.dedupe_key = mine.dedupe_key
        ) THEN 'done'
        WHEN %(is_final)s OR mine.attempts >= mine.max_attempts THEN 'dead'
        ELSE 'ready'
    END AS state
    FROM job AS mine
    WHERE mine.id = %(id)s
) AS next
WHERE job.id = next.id AND job.state = 'running' AND job.fence = %(fence)s
RETURNING job.state

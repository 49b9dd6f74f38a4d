-- Put a dead job back, with all its attempts; done when a newer wish with its dedupe key waits already.
UPDATE job SET
    state = next.state,
    attempts = 0,
    run_at = %(now)s,
    finished_at = CASE next.state WHEN 'ready' THEN NULL ELSE %(now)s::timestamptz END
FROM (
    SELECT mine.id, CASE
        WHEN EXISTS (
            SELECT FROM job AS twin
            WHERE twin.state = 'ready' AND twin.task = mine.task AND twin.dedupe_key = mine.dedupe_key
        ) THEN 'done'
        ELSE 'ready'
    END AS state
    FROM job AS mine
    WHERE mine.id = %(id)s
) AS next
WHERE job.id = next.id AND job.state = 'dead'
RETURNING job.queue, job.state

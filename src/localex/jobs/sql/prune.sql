-- Delete one small batch of jobs that were done before a moment. Index job_ended.
DELETE FROM job
WHERE id IN (
    SELECT id
    FROM job
    WHERE state = 'done' AND finished_at < %(before)s
    ORDER BY finished_at
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
)

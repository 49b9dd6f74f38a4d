-- One running job whose lease has passed, locked. Index job_lease.
SELECT id, queue, task, fence, attempts
FROM job
WHERE state = 'running' AND lease_until < clock_timestamp()
ORDER BY lease_until
LIMIT 1
FOR UPDATE SKIP LOCKED

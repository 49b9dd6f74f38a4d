-- How many jobs are in each state. Each count reads its own partial index: job_next, job_next, job_lease, job_ended.
SELECT
    (SELECT count(*) FROM job WHERE state = 'ready' AND run_at <= %(now)s) AS ready,
    (SELECT count(*) FROM job WHERE state = 'ready' AND run_at > %(now)s) AS later,
    (SELECT count(*) FROM job WHERE state = 'running' AND lease_until IS NOT NULL) AS running,
    (SELECT count(*) FROM job WHERE state = 'dead') AS dead

-- Prolong a lease. No row: another worker has the job, and this one must stop.
UPDATE job SET lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
WHERE id = %(id)s AND state = 'running' AND fence = %(fence)s

-- Finish a job. Exactly one row, or the transaction that holds the job's effects must roll back.
UPDATE job SET state = 'done', finished_at = %(now)s, lease_until = NULL, last_error = ''
WHERE id = %(id)s AND state = 'running' AND fence = %(fence)s

-- The schedules that are due, locked: the worker that gets a row runs this tick of it, the others skip it.
SELECT name, next_run_at
FROM schedule
WHERE next_run_at <= %(now)s AND name = ANY(%(names)s)
ORDER BY name
FOR UPDATE SKIP LOCKED

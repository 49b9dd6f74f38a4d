-- How much, how far ahead, how many: what every function asks of its arguments. Run as ledger_writer.
--
-- No amount, no limit above 10^15 hundredths, no balance beyond 10^18 (a CHECK): sums and differences of these are far from
-- where a bigint ends, so nothing that reads can be made to fail by what somebody booked. (Who calls the functions a
-- thousand times can hold so much that it does not fit into one account again; the sweep goes on without such a hold, and
-- I6 says so.)

SET LOCAL ROLE ledger_writer;

-- Whether an amount or limit lies between `p_least` and 10^15 hundredths; false for null.
CREATE FUNCTION ledger.is_amount(p_amount bigint, p_least bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT p_amount IS NOT NULL AND p_amount BETWEEN p_least AND 1000000000000000 $$;

-- Whether a deadline is to come, and within 400 days; false for null.
CREATE FUNCTION ledger.is_deadline(p_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
AS $$
    SELECT p_at IS NOT NULL AND isfinite(p_at) AND p_at > ledger.clock() AND p_at <= ledger.clock() + interval '400 days'
$$;

-- Whether an array is a plain list: one dimension, numbered from 1, not empty, without null. (An array may
-- begin at any number.)
CREATE FUNCTION ledger.is_list(p_list anyarray) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(array_ndims(p_list) = 1 AND array_lower(p_list, 1) = 1, false) AND array_position(p_list, NULL) IS NULL
$$;

RESET ROLE;

-- The posting that nearly all are, in two statements. Run as ledger_writer.

SET LOCAL ROLE ledger_writer;

-- Moves an amount from one balance to another when nothing stands in the way, and leaves everything else to ledger.post:
-- refusals, repeated keys, rejections, what `p_before` no longer allows. Arguments, outcome (amounts: of the giver, then of
-- the taker) and errors are those of ledger.post, whose guarantees it keeps:
--
--   p_giver, p_taker  the two balances
--   p_amount          from one to the other, in hundredths, positive
--   p_before          when what is given ends, as the caller found it before the locks (it may only have become later
--                     since); null: never
--   p_refused         as in ledger.post
--
-- The first statement locks the balances in the order of their ids. The second begins after both are locked, so it sees
-- the horizon of the seals and a stop as whoever moved them left them; it writes nothing when the key is taken. Each
-- distinct expression of a function is made ready once in every transaction, which in a transaction of one posting is most
-- of what it costs; hence so few of them.
CREATE FUNCTION ledger.post_pair(
    p_key uuid, p_community_id uuid, p_kind ledger.journal_kind, p_actor uuid, p_reference uuid, p_request_hash bytea,
    p_giver bigint, p_taker bigint, p_amount bigint, p_before timestamptz DEFAULT NULL,
    p_refused ledger.refusal DEFAULT NULL
) RETURNS ledger.outcome
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    -- Of the balance with the lower id (a) and of the other one (b).
    v_a         bigint;
    v_b         bigint;
    v_a_seq     bigint;
    v_b_seq     bigint;
    v_a_moves   bigint;
    v_a_after   bigint;
    v_b_after   bigint;
    v_earliest  timestamptz;
    v_is_plain  boolean;
    v_booked_at timestamptz;
BEGIN
    SELECT a.balance_id, b.balance_id, a.seq + 1, b.seq + 1, m.amount, a.posted + m.amount, b.posted - m.amount,
           greatest(a.last_at, b.last_at) + interval '1 microsecond',
           p_refused IS NULL AND p_amount > 0 AND a.balance_id < b.balance_id AND a.is_open AND b.is_open
           AND a.community_id = p_community_id AND b.community_id = p_community_id
           AND (a.posted + m.amount >= a.floor) IS NOT FALSE AND (a.posted + m.amount <= a.ceiling) IS NOT FALSE
           AND (b.posted - m.amount >= b.floor) IS NOT FALSE AND (b.posted - m.amount <= b.ceiling) IS NOT FALSE
           AND uuid_extract_version(p_key) = 7
           AND uuid_extract_timestamp(p_key) BETWEEN ledger.clock() - interval '7 days' AND ledger.clock() + interval '31 days'
           AND current_setting('transaction_isolation') = 'read committed'
    INTO v_a, v_b, v_a_seq, v_b_seq, v_a_moves, v_a_after, v_b_after, v_earliest, v_is_plain
    FROM ledger.balance a, ledger.balance b,
         (SELECT CASE WHEN p_giver < p_taker THEN -p_amount ELSE p_amount END AS amount) m
    WHERE a.balance_id = least(p_giver, p_taker) AND b.balance_id = greatest(p_giver, p_taker)
    FOR NO KEY UPDATE OF a, b;

    IF v_is_plain THEN
        WITH booked AS (
            INSERT INTO ledger.journal AS j
                (booked_at, journal_id, community_id, kind, actor, reference, request_hash, content_hash)
            SELECT t.at, p_key, p_community_id, p_kind, p_actor, p_reference, p_request_hash,
                ledger.content_hash(p_key, p_community_id, p_kind, NULL, t.at, p_actor, p_reference, p_request_hash,
                    concat_ws(':', v_a, v_a_seq, v_a_moves, v_a_after) || ';'
                    || concat_ws(':', v_b, v_b_seq, -v_a_moves, v_b_after))
            FROM (SELECT greatest(ledger.clock(), v_earliest, s.horizon + interval '1 microsecond') AS at
                  FROM ledger.sealing s, ledger.community c
                  WHERE s.only_row AND c.community_id = p_community_id AND c.stopped_at IS NULL
                  OFFSET 0) t  -- not merged with the rest: the clock is read once
            WHERE (t.at < p_before) IS NOT FALSE
            ON CONFLICT DO NOTHING
            RETURNING j.booked_at
        ), moved AS (
            UPDATE ledger.balance b
            SET posted = CASE b.balance_id WHEN v_a THEN v_a_after ELSE v_b_after END, seq = b.seq + 1,
                last_at = booked.booked_at
            FROM booked
            WHERE b.balance_id IN (v_a, v_b)
        ), noted AS (
            INSERT INTO ledger.entry (balance_id, seq, amount, balance_after, booked_at, journal_id)
            SELECT leg.*, booked.booked_at, p_key
            FROM booked, (VALUES (v_a, v_a_seq, v_a_moves, v_a_after), (v_b, v_b_seq, -v_a_moves, v_b_after)) leg
        )
        SELECT booked.booked_at INTO v_booked_at FROM booked;
        IF FOUND THEN
            RETURN (p_key, NULL, v_booked_at, false, ARRAY[-p_amount, p_amount])::ledger.outcome;
        END IF;
    END IF;
    RETURN ledger.post(p_key, p_community_id, p_kind, p_actor, p_reference, p_request_hash, ARRAY[p_giver, p_taker],
        ARRAY[-p_amount, p_amount], p_refused);
END
$$;

RESET ROLE;

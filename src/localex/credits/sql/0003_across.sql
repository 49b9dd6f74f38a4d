-- The community's own accounts: protection, and clearing with another community. Run as ledger_writer.

SET LOCAL ROLE ledger_writer;

-- Moves credits to the protection account, from `p_source`: fees or issuer.
-- Refuses: insufficient_credits.
CREATE FUNCTION ledger.fund_protection(
    p_key uuid, p_community_id uuid, p_amount bigint, p_source ledger.account_kind, p_actor uuid
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT ledger.is_amount(p_amount, 1) OR p_source IS NULL OR p_source NOT IN ('fees', 'issuer') THEN
        RAISE EXCEPTION 'protection is funded by a positive amount from fees or issuer' USING ERRCODE = 'LX006';
    END IF;
    RETURN ledger.post(p_key, p_community_id, 'protection_funding', p_actor, NULL,
        ledger.request_hash('protection_funding', p_community_id::text, p_amount::text, p_source::text, p_actor::text),
        ARRAY[ledger.get_account(p_community_id, p_source, NULL),
              ledger.get_account(p_community_id, 'protection', NULL)],
        ARRAY[-p_amount, p_amount]);
END
$$;

-- Pays a member out of the protection account, to main. `p_reference`: the trade that it is about, or null.
-- Refuses: account_closed, insufficient_credits, limit_reached.
CREATE FUNCTION ledger.pay_protection(
    p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_reference uuid, p_actor uuid
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT ledger.is_amount(p_amount, 1) THEN
        RAISE EXCEPTION 'a pay-out is a positive amount' USING ERRCODE = 'LX006';
    END IF;
    RETURN ledger.post(p_key, p_community_id, 'protection', p_actor, p_reference,
        ledger.request_hash('protection', p_community_id::text, p_owner::text, p_amount::text, p_reference::text,
                            p_actor::text),
        ARRAY[ledger.get_account(p_community_id, 'main', p_owner),
              ledger.get_account(p_community_id, 'protection', NULL)],
        ARRAY[p_amount, -p_amount]);
END
$$;

-- Releases a hold to a member of another community, one to one: in the payer's community out of escrow into the clearing
-- account for the other one (fees into fees), in the payee's community out of its clearing account into the payee's main
-- account. Both postings or neither; two outcomes, under `p_key_out` and `p_key_in`.
-- Refuses: account_closed, hold_ended, hold_expired, limit_reached (also when a clearing limit is), other_payee; the
-- posting on the other side is refused as linked_refused. Raises LX004 unless both communities have opened clearing.
-- Locks: the balances of both sides in one pass, in the order of their ids.
CREATE FUNCTION ledger.release_across(
    p_key_out uuid, p_key_in uuid, p_trade_id uuid, p_payee_community uuid, p_payee uuid, p_actor uuid
) RETURNS SETOF ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    v_hold     constant ledger.hold := ledger.get_hold(p_trade_id);
    v_held     constant bigint := v_hold.from_gift + v_hold.from_main;
    v_amount   constant bigint := v_held - v_hold.buyer_fee - v_hold.seller_fee;
    v_hash     constant bytea := ledger.request_hash('release_across', p_key_out::text, p_key_in::text,
        p_trade_id::text, p_payee_community::text, p_payee::text, p_actor::text);
    v_accounts bigint[] := ARRAY[v_hold.escrow_id, ledger.get_account(v_hold.community_id, 'clearing', p_payee_community)];
    v_amounts  bigint[] := ARRAY[-v_held, v_amount];
    v_outcomes ledger.outcome[];
BEGIN
    IF (p_key_out = p_key_in) IS NOT FALSE OR v_amount <= 0 THEN
        RAISE EXCEPTION 'two keys, and something left to pay after the fees' USING ERRCODE = 'LX006';
    END IF;
    IF v_held > v_amount THEN
        v_accounts := v_accounts || ledger.get_account(v_hold.community_id, 'fees', NULL);
        v_amounts := v_amounts || (v_held - v_amount);
    END IF;
    v_outcomes := ARRAY(SELECT o FROM ledger.post_batch(ARRAY[
        (p_key_out, v_hold.community_id, 'clearing_out', p_actor, p_trade_id, v_hash, v_accounts, v_amounts,
         -- A hold without a payee is one of release 0.1.0, for somebody of its own community.
         CASE WHEN v_hold.payee IS DISTINCT FROM p_payee THEN 'other_payee'::ledger.refusal END),
        (p_key_in, p_payee_community, 'clearing_in', p_actor, p_trade_id, v_hash,
         ARRAY[ledger.get_account(p_payee_community, 'clearing', v_hold.community_id),
               ledger.get_account(p_payee_community, 'main', p_payee)], ARRAY[-v_amount, v_amount], NULL)
        ]::ledger.request[], true) o);
    IF v_outcomes[1].reason IS NULL AND NOT v_outcomes[1].repeated THEN
        UPDATE ledger.hold SET state = 'released', ended_by = p_key_out WHERE trade_id = p_trade_id;
    END IF;
    RETURN QUERY SELECT * FROM unnest(v_outcomes);
END
$$;

RESET ROLE;

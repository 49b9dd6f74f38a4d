-- Grants, completed. Run as ledger_writer. See 0001_operations.sql for what all of them have in common.

SET LOCAL ROLE ledger_writer;

-- The two accounts of a grant: the member's gift account and one of the community's issuers. One query instead of two
-- calls of get_account, which raises LX004 here too. A community that was opened while 0003_accounts.sql gave issuers to
-- the others has only its first.
CREATE FUNCTION ledger.find_grant(p_key uuid, p_community_id uuid, p_owner uuid) RETURNS bigint[]
LANGUAGE plpgsql
AS $$
DECLARE
    v_gift   bigint;
    v_issuer bigint;
BEGIN
    SELECT g.account_id, i.account_id INTO v_gift, v_issuer
    FROM ledger.account g
    LEFT JOIN ledger.account i ON i.community_id = p_community_id AND i.kind = 'issuer'
        AND i.owner = ledger.issuer_of(p_key)
    WHERE g.community_id = p_community_id AND g.owner = p_owner AND g.kind = 'gift';
    IF v_gift IS NULL OR v_issuer IS NULL THEN
        v_gift := ledger.get_account(p_community_id, 'gift', p_owner);
        v_issuer := ledger.get_account(p_community_id, 'issuer', NULL);
    END IF;
    RETURN ARRAY[v_gift, v_issuer];
END
$$;

-- Gives what is given once (`p_about`: the owner of a starter grant, the newcomer of a referral bonus) from the issuer to a
-- member's gift account. Locks: the gift account first, under which the one bonus is looked for, then the issuer: the
-- order of their ids.
CREATE FUNCTION ledger.grant_once(
    p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_kind ledger.journal_kind, p_actor uuid,
    p_about uuid, p_hash bytea
) RETURNS ledger.outcome
LANGUAGE plpgsql
AS $$
DECLARE
    v_accounts constant bigint[] := ledger.find_grant(p_key, p_community_id, p_owner);
    v_refused  ledger.refusal;
    v_outcome  ledger.outcome;
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = v_accounts[1] FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM ledger.bonus WHERE community_id = p_community_id AND owner = p_owner
               AND kind = p_kind AND about = p_about) THEN
        v_refused := 'already_granted';
    END IF;
    v_outcome := ledger.post_pair(p_key, p_community_id, p_kind, p_actor, NULL, p_hash, v_accounts[2], v_accounts[1],
        p_amount, NULL, v_refused);
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        INSERT INTO ledger.bonus (community_id, owner, kind, about, journal_id)
        VALUES (p_community_id, p_owner, p_kind, p_about, p_key);
    END IF;
    RETURN v_outcome;
END
$$;

-- Gives credits from the issuer to a member's gift account. `p_kind`: starter_grant (once per member) or
-- coordinator_grant. Refuses: account_closed, already_granted, limit_reached.
CREATE OR REPLACE FUNCTION ledger.grant_credits(
    p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_kind ledger.journal_kind, p_actor uuid
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_accounts bigint[];
BEGIN
    IF NOT ledger.is_amount(p_amount, 1) OR (p_kind IN ('starter_grant', 'coordinator_grant')) IS NOT TRUE THEN
        RAISE EXCEPTION 'a grant has a positive amount and a kind of grant, a referral bonus a newcomer'
            USING ERRCODE = 'LX006';
    ELSIF p_kind = 'starter_grant' THEN
        RETURN ledger.grant_once(p_key, p_community_id, p_owner, p_amount, p_kind, p_actor, p_owner,
            ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text));
    END IF;
    v_accounts := ledger.find_grant(p_key, p_community_id, p_owner);
    RETURN ledger.post_pair(p_key, p_community_id, p_kind, p_actor, NULL,
        ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text),
        v_accounts[2], v_accounts[1], p_amount);
END
$$;

-- As above; `p_about` is the newcomer of a referral_bonus, for whom a member gets one bonus, and null otherwise.
CREATE FUNCTION ledger.grant_credits(
    p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_kind ledger.journal_kind, p_actor uuid, p_about uuid
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF p_about IS NULL AND p_kind <> 'referral_bonus' THEN
        RETURN ledger.grant_credits(p_key, p_community_id, p_owner, p_amount, p_kind, p_actor);
    ELSIF NOT ledger.is_amount(p_amount, 1) OR (p_kind = 'referral_bonus') IS NOT TRUE OR p_about IS NULL
        OR p_about = p_owner THEN
        RAISE EXCEPTION 'a grant has a positive amount and a kind of grant, a referral bonus a newcomer'
            USING ERRCODE = 'LX006';
    END IF;
    RETURN ledger.grant_once(p_key, p_community_id, p_owner, p_amount, p_kind, p_actor, p_about,
        ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text,
                            p_about::text));
END
$$;

-- Many grants of one kind at once (not referral_bonus), at most 1000: one outcome per key, in their order. A member who
-- is named twice for a starter grant gets the first. Refuses, one by one: as grant_credits.
-- Locks: all gift accounts, then one of the issuers, in one pass.
CREATE FUNCTION ledger.grant_many(
    p_keys uuid[], p_community_id uuid, p_owners uuid[], p_amounts bigint[], p_kind ledger.journal_kind, p_actor uuid
) RETURNS SETOF ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    -- One for all of them: other batches use the others.
    v_issuer   bigint;
    v_requests ledger.request[];
    v_outcomes ledger.outcome[];
BEGIN
    IF (p_kind IN ('starter_grant', 'coordinator_grant')) IS NOT TRUE OR NOT ledger.is_list(p_keys)
        OR NOT ledger.is_list(p_owners) OR NOT ledger.is_list(p_amounts) OR cardinality(p_keys) > 1000
        OR cardinality(p_keys) <> cardinality(p_owners) OR cardinality(p_keys) <> cardinality(p_amounts)
        OR EXISTS (SELECT FROM unnest(p_amounts) amount WHERE NOT ledger.is_amount(amount, 1)) THEN
        RAISE EXCEPTION 'a batch has 1 to 1000 grants, each with a key, an owner and a positive amount'
            USING ERRCODE = 'LX006';
    END IF;
    v_issuer := coalesce(ledger.find_account(p_community_id, 'issuer', ledger.issuer_of(p_keys[1])),
                         ledger.get_account(p_community_id, 'issuer', NULL));
    IF p_kind = 'starter_grant' THEN  -- who has had one is known only under the locks
        PERFORM FROM ledger.balance
        WHERE balance_id = ANY (ARRAY(SELECT ledger.get_account(p_community_id, 'gift', owner) FROM unnest(p_owners) owner))
        ORDER BY balance_id FOR NO KEY UPDATE;
    END IF;
    SELECT array_agg((g.key, p_community_id, p_kind, p_actor, NULL,
        ledger.request_hash(p_kind::text, p_community_id::text, g.owner::text, g.amount::text, p_actor::text),
        ARRAY[ledger.get_account(p_community_id, 'gift', g.owner), v_issuer], ARRAY[g.amount, -g.amount],
        CASE WHEN p_kind = 'starter_grant' AND (array_position(p_owners, g.owner) < g.n OR b.owner IS NOT NULL)
             THEN 'already_granted' END)::ledger.request ORDER BY g.n)
    INTO v_requests
    FROM unnest(p_keys, p_owners, p_amounts) WITH ORDINALITY AS g (key, owner, amount, n)
    LEFT JOIN ledger.bonus b ON b.community_id = p_community_id AND b.owner = g.owner AND b.kind = p_kind
        AND b.about = g.owner;
    v_outcomes := ARRAY(SELECT o FROM ledger.post_batch(v_requests, false) o);
    IF p_kind = 'starter_grant' THEN
        INSERT INTO ledger.bonus (community_id, owner, kind, about, journal_id)
        SELECT p_community_id, p_owners[o.n], p_kind, p_owners[o.n], o.journal_id
        FROM unnest(v_outcomes) WITH ORDINALITY AS o (journal_id, reason, booked_at, repeated, amounts, n)
        WHERE o.reason IS NULL AND NOT o.repeated;
    END IF;
    RETURN QUERY SELECT * FROM unnest(v_outcomes);
END
$$;

RESET ROLE;

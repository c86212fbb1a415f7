//! What every store must do, whatever database is behind it: one list of tests, run on each backend.
//!
//! A backend is one line in [`on_each_backend`]; a test that is not listed is dead code, which the lints refuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod backend;
mod chunks;
mod mariadb;
mod postgres;
mod world;

mod claim;
mod claim_and_close;
mod desk;
mod doubt;
mod finish;
mod give_back;
mod lease;
mod left_behind;
mod poison;
mod refused_users;
mod round_trip;
mod runs;
mod schedules;
mod slots;
mod sweep;
mod two_databases;

/// Runs one test on a runtime of its own.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}

/// All backends.
macro_rules! on_each_backend {
    ($($list:tt)*) => {
        on_backend!(postgres_with_one_database: crate::backend::Alone<Postgres>; $($list)*);
        on_backend!(mariadb_with_one_database: crate::backend::Alone<Mariadb>; $($list)*);
        on_backend!(postgres_with_a_postgres_target: crate::backend::Pair<Postgres, Postgres>; $($list)*);
        on_backend!(mariadb_with_a_mariadb_target: crate::backend::Pair<Mariadb, Mariadb>; $($list)*);
        on_backend!(postgres_with_a_mariadb_target: crate::backend::Pair<Postgres, Mariadb>; $($list)*);
        on_backend!(mariadb_with_a_postgres_target: crate::backend::Pair<Mariadb, Postgres>; $($list)*);
    };
}

/// All backends with a second database for the recommendations.
macro_rules! on_each_pair_of_databases {
    ($($list:tt)*) => {
        on_backend!(a_pair_of_postgres_databases: crate::backend::Pair<Postgres, Postgres>; $($list)*);
        on_backend!(a_pair_of_mariadb_databases: crate::backend::Pair<Mariadb, Mariadb>; $($list)*);
        on_backend!(a_pair_from_postgres_to_mariadb: crate::backend::Pair<Postgres, Mariadb>; $($list)*);
        on_backend!(a_pair_from_mariadb_to_postgres: crate::backend::Pair<Mariadb, Postgres>; $($list)*);
    };
}

/// What only PostgreSQL has: rows with a place in partitions, constraints that wait for the commit, a binary form of rows with
/// types that it does not fit.
macro_rules! on_each_backend_with_a_postgres_source {
    ($($list:tt)*) => {
        on_backend!(source_on_postgres_alone: crate::backend::Alone<Postgres>; $($list)*);
        on_backend!(source_on_postgres_with_a_target_on_mariadb: crate::backend::Pair<Postgres, Mariadb>; $($list)*);
    };
}

/// See above.
macro_rules! on_each_backend_with_a_postgres_target {
    ($($list:tt)*) => {
        on_backend!(target_on_postgres_alone: crate::backend::Alone<Postgres>; $($list)*);
        on_backend!(target_on_a_second_postgres: crate::backend::Pair<Postgres, Postgres>; $($list)*);
        on_backend!(target_on_postgres_of_a_mariadb: crate::backend::Pair<Mariadb, Postgres>; $($list)*);
    };
}

/// The tests that are listed, on one backend.
macro_rules! on_backend {
    ($backend:ident: $type:ty; $($module:ident { $($test:ident)+ })+) => {
        mod $backend {
            $(mod $module {
                #[allow(unused_imports)]
                use crate::{mariadb::Mariadb, postgres::Postgres};

                $(#[test]
                fn $test() {
                    crate::run(crate::$module::$test::<$type>());
                })+
            })+
        }
    };
}

on_each_backend! {
    claim {
        users_come_in_the_databases_order_after_the_cursor_and_no_more_than_asked_for
        users_that_somebody_holds_locked_are_passed_over
        instances_that_claim_at_once_share_nobody
        a_claim_marks_its_users_and_clears_their_old_error
        a_claims_row_says_who_holds_whom
        users_are_claimed_apart_by_the_crashes_they_were_caught_in
        only_new_users_are_claimed
        nobody_to_claim_is_said_so_and_leaves_no_trace
        amounts_arrive_exact
        a_user_that_was_settled_before_may_have_rows
        a_claim_begins_where_the_furthest_of_others_since_the_one_before_ends
        nobody_is_passed_by_for_a_claim_that_is_closed_or_older
    }
    claim_and_close {
        whoever_closes_a_run_waits_for_a_claim_under_way_and_then_sees_it
        a_claim_waits_for_whoever_closes_the_run_and_then_finds_it_closed
        a_claim_among_199_000_completed_users_goes_by_the_index
    }
    desk {
        nobody_claims_in_a_pause_and_it_is_said_who_wants_it_and_why
        a_run_is_not_abandoned_in_a_pause
        what_is_old_is_pruned_in_steps_and_what_must_stay_stays
    }
    doubt {
        a_look_up_says_what_became_of_a_claim
        a_claim_in_doubt_that_took_is_given_back
        a_claim_in_doubt_that_did_not_take_leaves_nothing_to_give_back
        a_finish_in_doubt_that_took_is_found_by_a_look_and_not_done_twice
        a_finish_abandoned_in_its_commit_is_found_by_a_look
    }
    finish {
        a_finish_writes_ten_rows_and_settles_everybody
        whatever_happens_to_users_in_the_middle_adds_up
        a_user_that_was_locked_and_then_set_new_is_superseded
        rows_of_an_earlier_time_are_replaced
        rows_that_somebody_else_left_are_replaced
        a_user_that_fails_keeps_its_old_rows
        what_is_finished_cannot_be_finished_again
        a_late_finish_that_nobody_swept_is_right
        an_instance_finishes_only_its_own_claims
        a_claim_that_was_given_back_cannot_be_finished
    }
    slots {
        while_all_slots_are_taken_nobody_finishes
        a_finish_holds_its_slot_until_it_is_over
        those_that_claim_in_turn_wait_for_each_other_and_one_that_gets_none_claims_without_for_a_while
        those_that_start_together_open_in_turn_and_one_that_gets_none_opens_without
        whoever_gets_no_slot_in_time_finishes_without
        a_free_slot_is_taken_whichever_it_is
        a_slot_is_given_back_however_the_finish_ends
        live_instances_come_each_in_a_place_of_its_own
    }
    give_back {
        users_given_back_are_new_again_without_a_trace
        giving_back_what_is_not_held_does_nothing
        a_claim_given_back_half_way_adds_up
        users_left_locked_are_healed_by_a_sweep
        a_fault_that_hits_a_user_alone_costs_it_an_attempt_and_the_last_one_fails_it
        a_fault_that_hits_several_users_costs_nobody_an_attempt
        a_status_set_to_pending_by_hand_does_not_keep_a_claim_from_closing
    }
    lease {
        a_lease_runs_from_its_registration_and_from_each_renewal
        a_renewal_writes_the_row_anew_if_somebody_has_removed_it
        whoever_deregisters_is_swept_at_once
        an_instance_with_idle_sessions_deregisters_without_a_fault
        only_instances_whose_lease_holds_are_counted_as_live
        a_renewal_does_not_wait_for_busy_sessions
    }
    left_behind {
        users_whose_keys_sort_before_the_empty_text_are_claimed_each_once
        users_whose_keys_sort_before_the_empty_text_are_requeued
    }
    poison {
        a_user_that_a_check_refuses_fails_alone
        a_user_that_a_foreign_key_refuses_fails_alone
        a_user_that_a_trigger_refuses_fails_alone
        a_user_with_a_value_that_is_too_long_fails_alone
        hundreds_of_poisonous_users_in_a_chunk_of_2_000_fail_only_themselves
        a_poisonous_user_keeps_its_old_rows
        poison_beside_rows_that_somebody_else_left_still_fails_alone
        poison_among_users_that_were_locked_or_set_new_fails_alone
        what_is_refused_for_everybody_is_an_error_and_writes_nothing
        half_of_a_chunk_that_is_refused_does_not_stop_the_other_half
        a_missing_column_is_no_users_fault
        a_reason_quotes_no_spending
        poison_in_front_of_rows_that_somebody_else_left_still_fails_alone
    }
    refused_users {
        a_user_that_cannot_be_completed_fails_alone
        users_that_can_neither_be_completed_nor_failed_are_left_and_named
        a_user_that_cannot_be_returned_stays_pending_and_holds_up_no_other_user
        a_refusal_of_all_users_is_an_error_and_settles_none
        a_user_that_cannot_be_set_back_does_not_keep_a_requeue_from_the_others
    }
    round_trip {
        what_is_loaded_is_what_was_encoded
    }
    runs {
        twenty_that_start_at_once_open_one_run
        whoever_is_late_waits_for_the_one_that_opens
        a_run_is_joined_with_its_own_catalogue_and_date
        a_run_is_done_only_when_no_claim_is_open_and_by_one_of_many
        a_run_that_failed_is_closed_at_once_and_its_claims_can_still_be_finished
        totals_are_sums_over_all_claims
        a_run_at_which_nobody_works_any_more_is_abandoned_and_replaced
        users_left_locked_are_healed_when_a_run_is_opened
    }
    schedules {
        of_eight_that_see_a_time_due_at_once_one_opens_a_run
        a_schedule_that_eight_see_for_the_first_time_makes_up_for_nothing
        whoever_cannot_have_the_schedules_row_is_told_so_and_the_time_stays_due
        a_time_without_a_sound_catalogue_stays_due_and_those_before_it_are_missed_once
        what_was_missed_may_be_opened_and_what_was_opened_or_covered_stays_so
    }
    sweep {
        a_dead_instances_users_come_back_with_one_crash_more
        a_dead_instance_without_a_claim_is_evicted_too
        the_living_are_left_alone
        an_owner_without_a_row_is_dead
        nobody_sweeps_before_a_full_lease_of_its_own
        whoever_was_silent_for_too_long_begins_anew
        a_client_frozen_in_the_middle_of_a_load_is_swept
        a_user_that_died_alone_three_times_is_condemned
        rows_that_are_locked_during_a_sweep_are_left_and_healed_later
        pending_users_of_no_open_claim_are_healed_and_the_others_are_not
        a_claim_that_is_locked_does_not_keep_the_others_from_being_swept
        a_session_that_cannot_be_ended_keeps_nobody_from_being_swept
    }
}

on_each_pair_of_databases! {
    two_databases {
        each_load_leaves_its_row_at_the_fence
        whoever_takes_users_away_shuts_late_loads_out_first
        a_load_that_is_shut_out_is_a_lost_claim_and_holds_nobody_any_more
        a_part_that_only_the_target_has_is_loaded_again
        rows_of_a_finish_that_died_between_the_databases_are_replaced
        users_that_are_gone_from_the_source_lose_their_rows_in_the_target
    }
}

on_each_backend_with_a_postgres_source! {
    claim {
        users_in_partitions_are_claimed_in_order_each_once_and_with_their_own_amounts
        further_on_is_said_in_the_order_of_the_column_whatever_that_of_the_database
    }
    refused_users {
        a_user_whose_completion_is_swallowed_fails_alone
        a_user_that_is_refused_not_before_the_commit_fails_alone
        an_orphan_whose_return_is_swallowed_is_named
    }
}

/// Where users and recommendations are in the same database.
macro_rules! on_each_backend_with_one_database {
    ($($list:tt)*) => {
        on_backend!(one_database_on_postgres: crate::backend::Alone<Postgres>; $($list)*);
        on_backend!(one_database_on_mariadb: crate::backend::Alone<Mariadb>; $($list)*);
    };
}

on_each_backend_with_one_database! {
    slots {
        the_session_that_holds_a_slot_is_named
    }
    refused_users {
        a_user_that_cannot_be_completed_keeps_its_old_rows_where_they_are_in_the_same_database
    }
}

on_each_backend_with_a_postgres_target! {
    poison {
        a_user_that_a_foreign_key_refuses_not_before_the_commit_fails_alone
        a_user_whose_rows_are_dropped_by_a_trigger_fails_alone
    }
    round_trip {
        what_is_loaded_as_text_is_what_was_encoded
    }
}

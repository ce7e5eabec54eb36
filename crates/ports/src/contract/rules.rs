//! The lists of rules, one per suite.
//!
//! `for_each_<suite>_rule!(callback! { anything })` calls
//! `callback! { { anything } rule rule rule … }`. The stamps in `macros.rs` and this crate's own
//! broken fakes go through the same lists, so that they cannot disagree.

/// Calls a macro with every rule of the queue.
#[macro_export]
macro_rules! for_each_queue_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_new_letter_is_stored_as_it_was_handed_in
            every_letter_of_a_batch_has_its_own_answer
            enqueue_same_key_twice_returns_the_first_id
            the_same_key_with_other_content_is_refused
            the_same_key_in_another_language_is_refused
            the_same_key_with_other_attachments_is_refused
            a_letter_that_fails_its_own_check_is_refused_by_field
            keys_of_different_tenants_do_not_meet
            a_taken_delivery_id_is_refused_and_leaves_the_first_untouched
            one_bad_letter_in_a_batch_does_not_touch_the_others
            the_same_key_twice_in_one_batch_is_one_letter
            one_key_from_many_callers_at_once_is_one_letter
            an_idempotency_key_is_forgotten_after_24_hours
            unicode_and_empty_fields_survive
            timestamps_round_trip_exactly
            a_key_outlives_the_content_of_its_letter
            claim_matches_domain_apply_claimed
            claim_returns_the_store_time
            claim_skips_rows_not_yet_due
            claim_skips_expired_letters
            claim_skips_held_tenants
            claim_keeps_to_the_workflows_that_are_asked_for
            claim_never_hands_one_delivery_to_two_workers
            claim_takes_no_more_than_its_limit
            claim_takes_the_most_urgent_first
            claim_orders_by_due_time_within_one_lane
            one_lane_cannot_take_the_whole_batch_while_others_wait
            a_lone_lane_may_fill_the_batch
            final_states_are_never_claimed
            a_retrying_letter_is_claimed_when_due_and_not_before
            every_claim_has_a_fence_of_its_own
            claim_skips_paused_tenants
            claim_skips_paused_workflows
            what_was_paused_is_claimed_as_soon_as_it_is_resumed
            what_was_paused_is_claimed_when_its_time_is_up
            a_pause_costs_no_attempt_and_no_event
            other_letters_of_a_paused_workflows_lane_go_on
            attachments_come_back_as_they_were_handed_in
            attachments_are_for_the_holder_of_the_claim_alone
            attachments_are_gone_once_the_letter_is_frozen
            a_redriven_letter_without_bytes_has_its_attachments
            ready_stores_the_frozen_bytes_and_later_claims_return_them
            frozen_bytes_are_never_replaced
            ready_with_a_stale_fence_changes_nothing
            ready_that_is_repeated_is_done_again
            one_stale_handover_does_not_touch_the_others
            a_handover_writes_no_event
            extend_moves_the_lease_for_the_holder_only
            cancel_of_a_claimed_letter_comes_too_late
            settle_writes_exactly_one_event
            settle_keeps_receipt_transport_code_and_detail
            settle_with_a_stale_fence_changes_nothing
            settle_twice_is_stale
            a_settlement_that_is_repeated_is_done_and_changes_nothing
            one_stale_settlement_does_not_touch_the_others
            a_final_letter_leaves_the_queue
            a_report_during_the_attempt_survives_its_settlement
            a_letter_given_back_is_due_at_once
            lapsed_lists_only_lapsed_leases
            lapsed_takes_over_under_a_new_fence_and_counts_no_attempt
            a_lapsed_letter_is_settled_by_its_stage
            the_old_holder_is_stale_after_a_takeover
            a_worker_that_stops_beating_loses_its_claims
            a_retired_worker_loses_its_claims_at_once
            two_janitors_never_take_the_same_letter
            a_dead_janitor_loses_what_it_took_over
            doubtful_returns_due_letters_in_doubt
            doubtful_does_not_return_held_letters
            doubtful_waits_for_the_due_time
            a_letter_in_doubt_is_taken_again_after_its_lease
            a_report_settles_a_letter_in_doubt_under_the_askers_hands
            cancel_of_a_letter_in_doubt_comes_too_late
            cancel_stops_a_waiting_letter
            cancel_matches_domain_apply_cancelled
            requests_answer_each_id_in_order
            a_request_remembers_who_asked
            redrive_puts_a_dead_letter_back_with_its_whole_budget
            redrive_matches_domain_apply_redriven
            redrive_of_a_letter_without_bytes_renders_it_anew
            redrive_without_content_says_so
            a_retrying_letter_asked_to_retry_is_due_at_once
            retry_matches_domain_apply_hastened
            retry_touches_no_letter_that_does_not_wait_for_its_next_attempt
            a_letter_in_doubt_follows_a_persons_decision
            a_held_letter_in_doubt_can_be_resolved
            only_letters_in_doubt_can_be_resolved
            of_a_person_and_a_worker_who_decide_at_once_one_is_told_that_it_came_too_late
            sweep_cancels_what_expired_with_its_code
            sweep_matches_domain_apply_expired
            sweep_keeps_to_its_limit
            sweep_forgets_content_past_retention_and_not_before
            sweep_forgets_workers_that_are_gone
        }
    };
}

/// Calls a macro with every rule of the tracker.
#[macro_export]
macro_rules! for_each_tracker_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            find_knows_nothing_of_an_unknown_letter
            a_new_letter_has_its_record
            history_has_one_event_per_transition_in_order
            a_history_is_of_one_letter_alone
            counts_say_how_the_queue_stands
            a_report_turns_retrying_and_in_doubt_into_sent
            record_matches_domain_apply_reported
            a_report_without_a_change_of_status_leaves_the_rest
            reports_converge_in_any_order
            every_report_is_kept_as_an_event
            the_same_report_is_recorded_once
            a_report_of_an_unknown_letter_says_so
            search_finds_what_matches_every_filter
            search_takes_from_as_included_and_until_as_excluded
            search_shows_the_newest_first
            search_pages_neither_repeat_nor_skip
            a_full_last_page_is_the_last
        }
    };
}

/// Calls a macro with every rule of the worker.
#[macro_export]
macro_rules! for_each_worker_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_waiting_worker_is_woken_by_an_enqueue
            a_wait_ends_when_its_time_is_up
            a_beating_worker_keeps_its_claims
            a_beat_speaks_for_one_worker_alone
        }
    };
}

/// Calls a macro with every rule of the pauses.
#[macro_export]
macro_rules! for_each_pauses_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_pause_is_listed_with_its_reason_until_it_ends
            a_pause_ends_by_itself_when_its_time_is_up
            a_pause_without_an_end_lasts
            resume_ends_a_pause_at_once_and_says_whether_there_was_one
            a_second_pause_replaces_the_first
            pauses_of_different_kinds_and_names_do_not_meet
        }
    };
}

/// Calls a macro with every rule of the tokens.
#[macro_export]
macro_rules! for_each_tokens_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_token_is_found_as_it_was_made
            an_unknown_token_is_not_found
            a_token_is_good_until_its_time_is_up
            a_token_without_an_end_lasts
            a_revoked_token_is_not_found
            revoke_says_what_there_was_to_revoke
            a_taken_token_id_is_refused_and_the_first_stays
            every_token_is_listed_the_newest_first
            to_find_a_token_is_no_use_of_it
            a_use_is_noted_once_a_minute
            a_use_is_of_one_token_alone
            a_token_that_is_good_for_nothing_notes_no_use
            uses_at_once_are_no_failure
        }
    };
}

/// Calls a macro with every rule of the statistics.
#[macro_export]
macro_rules! for_each_statistics_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            workflows_count_what_was_enqueued_in_the_window
            workflows_say_how_letters_ended_and_in_how_many_attempts
            a_named_tenant_has_its_own_figures
            errors_are_counted_by_code_the_most_frequent_first
            no_more_than_twenty_codes_are_listed
            what_was_decided_or_reported_is_no_error
            an_attempt_in_doubt_counts_once_however_often_it_is_asked_about
            providers_are_counted_by_their_answers
            a_report_is_no_answer_of_a_provider
            events_before_or_behind_the_window_do_not_count
            latency_runs_from_the_moment_a_letter_could_first_go_out
            percentiles_are_those_of_the_letters_that_were_sent_in_the_window
            a_summary_says_how_the_queue_stands_now
            an_empty_store_has_empty_figures
            a_series_has_equal_buckets_and_the_empty_ones_too
            a_series_keeps_to_its_bounds
            a_series_counts_letters_where_they_ended
            a_series_says_what_waited_at_the_end_of_each_bucket
            a_series_is_of_one_tenant_where_one_is_named
            a_redriven_letter_counts_from_its_redrive
        }
    };
}

/// Calls a macro with every rule of the transport.
#[macro_export]
macro_rules! for_each_transport_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            an_accepted_letter_yields_a_receipt
            the_bytes_arrive_unchanged
            a_refused_recipient_is_rejected
            a_refusal_for_now_is_deferred
            bad_credentials_are_misconfigured
            silence_after_the_body_is_in_doubt
            a_connection_lost_after_the_body_is_in_doubt
            garbage_after_the_body_is_in_doubt
            a_connection_lost_before_the_body_is_deferred
            an_unreachable_peer_is_deferred
            a_failure_holds_no_secret_and_no_address
            a_failure_does_not_spoil_the_next_letter
            dropping_the_future_leaves_the_transport_usable
            letters_sent_at_once_do_not_mix
            reconcile_claims_nothing_that_it_cannot_know
            a_transport_says_what_it_can
        }
    };
}

/// Calls a macro with every rule of the probe.
#[macro_export]
macro_rules! for_each_probe_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_peer_in_order_has_no_error
            a_probe_hands_nothing_over
            a_peer_that_is_not_there_is_an_error
            refused_credentials_are_an_error
            what_is_not_in_order_says_what_to_do
            a_finding_holds_no_secret_and_no_address
        }
    };
}

/// Calls a macro with every rule of the renderer.
#[macro_export]
macro_rules! for_each_renderer_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_letter_has_a_subject_and_both_bodies
            missing_variables_are_named_all_at_once
            data_is_escaped_in_html_and_only_there
            links_of_other_schemes_are_refused
            data_is_never_evaluated
            the_same_input_gives_the_same_words
            output_is_bounded
            an_unknown_template_is_named_with_a_suggestion
            a_subject_is_one_line
            every_listed_template_renders_its_sample
            unused_data_is_no_mistake
            the_nearest_variant_is_taken
            a_letter_names_the_variant_that_was_taken
            without_a_variant_the_template_itself_is_taken
            a_variant_has_a_version_of_its_own
            a_variant_is_no_template_of_its_own
            what_a_letter_needs_does_not_depend_on_its_language
        }
    };
}

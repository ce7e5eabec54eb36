//! Every rule has a named broken fake that fails it: a rule that nothing can fail is none.
//!
//! Each test first runs its rule on the fake without a fault, which passes, and then with the
//! fault of the table, which does not.

/// Stamps one test per rule of a suite, from the same list as the suite itself.
macro_rules! fail_each_rule {
    ({ $rules:ident $harness:path } $($rule:ident)*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $rule() {
                use $harness as Harness;
                let fault = fault_of(stringify!($rule));
                let healthy = Harness::with(Fault::None);
                $rules::$rule(&healthy).await;
                let broken = Harness::with(fault);
                let failed = crate::broken::fails(async move { $rules::$rule(&broken).await }).await;
                assert!(failed, "{fault:?} does not fail the rule {}", stringify!($rule));
            }
        )*

        fn fault_of(rule: &str) -> Fault {
            let found = FAULTS.iter().find(|(name, _)| *name == rule);
            found.unwrap_or_else(|| panic!("the rule {rule} has no broken fake: add one to FAULTS")).1
        }

        #[test]
        fn every_fault_belongs_to_a_rule() {
            let rules = [$(stringify!($rule)),*];
            for (name, fault) in FAULTS {
                assert!(rules.contains(name), "{fault:?} is there for {name}, which is no rule");
            }
            assert_eq!(FAULTS.len(), rules.len(), "each rule stands in the table once");
        }
    };
}

mod queue_rules {
    use postroom_ports::contract::queue;

    use crate::broken::store::Fault;

    postroom_ports::for_each_queue_rule!(fail_each_rule { queue crate::broken::store::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("a_new_letter_is_stored_as_it_was_handed_in", Fault::LosesMaxAttempts),
        ("every_letter_of_a_batch_has_its_own_answer", Fault::AnswersInReverse),
        ("enqueue_same_key_twice_returns_the_first_id", Fault::IgnoresKeys),
        ("the_same_key_with_other_content_is_refused", Fault::ComparesNoContent),
        ("the_same_key_in_another_language_is_refused", Fault::LosesLocale),
        ("the_same_key_with_other_attachments_is_refused", Fault::ComparesNoContent),
        ("a_letter_that_fails_its_own_check_is_refused_by_field", Fault::ChecksNothing),
        ("keys_of_different_tenants_do_not_meet", Fault::KeysAreGlobal),
        ("a_taken_delivery_id_is_refused_and_leaves_the_first_untouched", Fault::TakenIdIsSuccess),
        ("one_bad_letter_in_a_batch_does_not_touch_the_others", Fault::BatchIsAllOrNothing),
        ("the_same_key_twice_in_one_batch_is_one_letter", Fault::BatchIgnoresItsOwnKeys),
        ("one_key_from_many_callers_at_once_is_one_letter", Fault::IgnoresKeys),
        ("an_idempotency_key_is_forgotten_after_24_hours", Fault::NeverSweeps),
        ("unicode_and_empty_fields_survive", Fault::LosesMetadata),
        ("timestamps_round_trip_exactly", Fault::RoundsToMilliseconds),
        ("a_key_outlives_the_content_of_its_letter", Fault::KeyGoesWithContent),
        ("claim_matches_domain_apply_claimed", Fault::CountsTwoAttempts),
        ("claim_returns_the_store_time", Fault::ClaimSaysItsOwnTime),
        ("claim_skips_rows_not_yet_due", Fault::ForgetsDueTime),
        ("claim_skips_expired_letters", Fault::ForgetsExpiry),
        ("claim_skips_held_tenants", Fault::IgnoresHolds),
        ("claim_keeps_to_the_workflows_that_are_asked_for", Fault::IgnoresWorkflows),
        ("claim_never_hands_one_delivery_to_two_workers", Fault::HandsOutTwice),
        ("claim_takes_no_more_than_its_limit", Fault::IgnoresLimit),
        ("claim_takes_the_most_urgent_first", Fault::IgnoresPriority),
        ("claim_orders_by_due_time_within_one_lane", Fault::ReversesBatches),
        ("one_lane_cannot_take_the_whole_batch_while_others_wait", Fault::IgnoresLanes),
        ("a_lone_lane_may_fill_the_batch", Fault::HardShares),
        ("final_states_are_never_claimed", Fault::RevivesFinalLetters),
        ("a_retrying_letter_is_claimed_when_due_and_not_before", Fault::RetriesAtOnce),
        ("every_claim_has_a_fence_of_its_own", Fault::RepeatsTokens),
        ("claim_skips_paused_tenants", Fault::PausesHoldNoTenant),
        ("claim_skips_paused_workflows", Fault::PausesHoldNoWorkflow),
        ("what_was_paused_is_claimed_as_soon_as_it_is_resumed", Fault::ResumeOnlySaysSo),
        ("what_was_paused_is_claimed_when_its_time_is_up", Fault::PausesNeverEnd),
        ("a_pause_costs_no_attempt_and_no_event", Fault::ClaimsWhatIsPaused),
        ("other_letters_of_a_paused_workflows_lane_go_on", Fault::PausedWorkflowsHoldTheirLane),
        ("attachments_come_back_as_they_were_handed_in", Fault::ReversesAttachments),
        ("attachments_are_for_the_holder_of_the_claim_alone", Fault::AttachmentsIgnoreFence),
        ("attachments_are_gone_once_the_letter_is_frozen", Fault::KeepsAttachments),
        ("a_redriven_letter_without_bytes_has_its_attachments", Fault::FailureDropsAttachments),
        ("ready_stores_the_frozen_bytes_and_later_claims_return_them", Fault::ForgetsBytes),
        ("frozen_bytes_are_never_replaced", Fault::ReplacesBytes),
        ("ready_with_a_stale_fence_changes_nothing", Fault::ReadyIgnoresFence),
        ("ready_that_is_repeated_is_done_again", Fault::ReadyOnce),
        ("one_stale_handover_does_not_touch_the_others", Fault::StaleSpoilsBatch),
        ("a_handover_writes_no_event", Fault::HandoverIsAnEvent),
        ("extend_moves_the_lease_for_the_holder_only", Fault::ExtendIgnoresFence),
        ("cancel_of_a_claimed_letter_comes_too_late", Fault::CancelsAnything),
        ("settle_writes_exactly_one_event", Fault::WritesTwoEvents),
        ("settle_keeps_receipt_transport_code_and_detail", Fault::LosesReceipts),
        ("settle_with_a_stale_fence_changes_nothing", Fault::SettleIgnoresFence),
        ("settle_twice_is_stale", Fault::NeverStale),
        ("a_settlement_that_is_repeated_is_done_and_changes_nothing", Fault::ForgetsSettlements),
        ("one_stale_settlement_does_not_touch_the_others", Fault::StaleSpoilsBatch),
        ("a_final_letter_leaves_the_queue", Fault::NeverStale),
        ("a_report_during_the_attempt_survives_its_settlement", Fault::SettleForgetsFeedback),
        ("a_letter_given_back_is_due_at_once", Fault::WaitsLongerThanTold),
        ("lapsed_lists_only_lapsed_leases", Fault::JanitorRetiresTheLiving),
        ("lapsed_takes_over_under_a_new_fence_and_counts_no_attempt", Fault::CountsTwoAttempts),
        ("a_lapsed_letter_is_settled_by_its_stage", Fault::LapsedForgetsStage),
        ("the_old_holder_is_stale_after_a_takeover", Fault::ExtendIgnoresFence),
        ("a_worker_that_stops_beating_loses_its_claims", Fault::BeatsForEverybody),
        ("a_retired_worker_loses_its_claims_at_once", Fault::RetireIsIgnored),
        ("two_janitors_never_take_the_same_letter", Fault::HandsOutTwice),
        ("a_dead_janitor_loses_what_it_took_over", Fault::TakesOverOnce),
        ("doubtful_returns_due_letters_in_doubt", Fault::DoubtfulFindsNothing),
        ("doubtful_does_not_return_held_letters", Fault::HeldIsDue),
        ("doubtful_waits_for_the_due_time", Fault::RetriesAtOnce),
        ("a_letter_in_doubt_is_taken_again_after_its_lease", Fault::TakesOverOnce),
        ("a_report_settles_a_letter_in_doubt_under_the_askers_hands", Fault::ReportsMoveNoStatus),
        ("cancel_of_a_letter_in_doubt_comes_too_late", Fault::CancelsAnything),
        ("cancel_stops_a_waiting_letter", Fault::CancelOnlySaysSo),
        ("cancel_matches_domain_apply_cancelled", Fault::AnswersWithoutCode),
        ("requests_answer_each_id_in_order", Fault::AnswersInReverse),
        ("a_request_remembers_who_asked", Fault::ForgetsWhoAsked),
        ("redrive_puts_a_dead_letter_back_with_its_whole_budget", Fault::RedriveKeepsTheOldBudget),
        ("redrive_matches_domain_apply_redriven", Fault::RedriveForgetsAge),
        ("redrive_of_a_letter_without_bytes_renders_it_anew", Fault::RedriveNeedsBytes),
        ("redrive_without_content_says_so", Fault::RedrivesWithoutContent),
        ("a_retrying_letter_asked_to_retry_is_due_at_once", Fault::RetryOnlySaysSo),
        ("retry_matches_domain_apply_hastened", Fault::AnswersWithoutCode),
        ("retry_touches_no_letter_that_does_not_wait_for_its_next_attempt", Fault::RetriesAnything),
        ("a_letter_in_doubt_follows_a_persons_decision", Fault::ResolvesAsSent),
        ("a_held_letter_in_doubt_can_be_resolved", Fault::HeldStaysHeld),
        ("only_letters_in_doubt_can_be_resolved", Fault::ResolvesAnything),
        ("of_a_person_and_a_worker_who_decide_at_once_one_is_told_that_it_came_too_late", Fault::NeverStale),
        ("sweep_cancels_what_expired_with_its_code", Fault::NeverSweeps),
        ("sweep_matches_domain_apply_expired", Fault::AnswersWithoutCode),
        ("sweep_keeps_to_its_limit", Fault::IgnoresLimit),
        ("sweep_forgets_content_past_retention_and_not_before", Fault::ForgetsContentAtOnce),
        ("sweep_forgets_workers_that_are_gone", Fault::NeverSweeps),
    ];
}

mod tracker_rules {
    use postroom_ports::contract::tracker;

    use crate::broken::store::Fault;

    postroom_ports::for_each_tracker_rule!(fail_each_rule { tracker crate::broken::store::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("find_knows_nothing_of_an_unknown_letter", Fault::MissingIsAFailure),
        ("a_new_letter_has_its_record", Fault::RecordForgetsTemplate),
        ("history_has_one_event_per_transition_in_order", Fault::HistoryRunsBackwards),
        ("a_history_is_of_one_letter_alone", Fault::HistoryOfEverybody),
        ("counts_say_how_the_queue_stands", Fault::CountsScheduledAsDue),
        ("a_report_turns_retrying_and_in_doubt_into_sent", Fault::ReportsMoveNoStatus),
        ("record_matches_domain_apply_reported", Fault::AnswersForgetAttempts),
        ("a_report_without_a_change_of_status_leaves_the_rest", Fault::ReportClearsCode),
        ("reports_converge_in_any_order", Fault::LastReportWins),
        ("every_report_is_kept_as_an_event", Fault::ReportsLeaveNoEvent),
        ("the_same_report_is_recorded_once", Fault::RepeatsReports),
        ("a_report_of_an_unknown_letter_says_so", Fault::RemembersUnknownReports),
        ("search_finds_what_matches_every_filter", Fault::IgnoresSourceId),
        ("search_takes_from_as_included_and_until_as_excluded", Fault::UntilIsIncluded),
        ("search_shows_the_newest_first", Fault::OldestFirst),
        ("search_pages_neither_repeat_nor_skip", Fault::CursorForgetsTheId),
        ("a_full_last_page_is_the_last", Fault::AlwaysAnotherPage),
    ];
}

mod worker_rules {
    use postroom_ports::contract::worker;

    use crate::broken::store::Fault;

    postroom_ports::for_each_worker_rule!(fail_each_rule { worker crate::broken::store::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("a_waiting_worker_is_woken_by_an_enqueue", Fault::RingsNobody),
        ("a_wait_ends_when_its_time_is_up", Fault::WaitsForEver),
        ("a_beating_worker_keeps_its_claims", Fault::BeatIsIgnored),
        ("a_beat_speaks_for_one_worker_alone", Fault::BeatsForEverybody),
    ];
}

mod pauses_rules {
    use postroom_ports::contract::pauses;

    use crate::broken::store::Fault;

    postroom_ports::for_each_pauses_rule!(fail_each_rule { pauses crate::broken::store::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("a_pause_is_listed_with_its_reason_until_it_ends", Fault::PauseForgetsItsReason),
        ("a_pause_ends_by_itself_when_its_time_is_up", Fault::PausesNeverEnd),
        ("a_pause_without_an_end_lasts", Fault::PausesEndOfThemselves),
        ("resume_ends_a_pause_at_once_and_says_whether_there_was_one", Fault::ResumeOnlySaysSo),
        ("a_second_pause_replaces_the_first", Fault::TheFirstPauseStands),
        ("pauses_of_different_kinds_and_names_do_not_meet", Fault::ResumeEndsAllOfThatName),
    ];
}

mod tokens_rules {
    use postroom_ports::contract::tokens;

    use crate::broken::store::Fault;

    postroom_ports::for_each_tokens_rule!(fail_each_rule { tokens crate::broken::store::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("a_token_is_found_as_it_was_made", Fault::TokensLoseScopes),
        ("an_unknown_token_is_not_found", Fault::FindsTheNearestToken),
        ("a_token_is_good_until_its_time_is_up", Fault::TokensNeverEnd),
        ("a_token_without_an_end_lasts", Fault::TokensEndOfThemselves),
        ("a_revoked_token_is_not_found", Fault::RevokeOnlySaysSo),
        ("revoke_says_what_there_was_to_revoke", Fault::RevokeSaysDone),
        ("a_taken_token_id_is_refused_and_the_first_stays", Fault::TakenTokenIsSuccess),
        ("every_token_is_listed_the_newest_first", Fault::ListsGoodTokensAlone),
        ("to_find_a_token_is_no_use_of_it", Fault::FindIsAUse),
        ("a_use_is_noted_once_a_minute", Fault::NotesNoUse),
        ("a_use_is_of_one_token_alone", Fault::UsesOfEverybody),
        ("a_token_that_is_good_for_nothing_notes_no_use", Fault::DeadTokensAreUsed),
        ("uses_at_once_are_no_failure", Fault::UsesCollide),
    ];
}

mod statistics_rules {
    use postroom_ports::contract::statistics;

    use crate::broken::store::Fault;

    postroom_ports::for_each_statistics_rule!(fail_each_rule { statistics crate::broken::store::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("workflows_count_what_was_enqueued_in_the_window", Fault::UntilIsIncluded),
        ("workflows_say_how_letters_ended_and_in_how_many_attempts", Fault::AttemptsOfAll),
        ("a_named_tenant_has_its_own_figures", Fault::FiguresOfEverybody),
        ("errors_are_counted_by_code_the_most_frequent_first", Fault::RarestFirst),
        ("no_more_than_twenty_codes_are_listed", Fault::ListsEveryCode),
        ("what_was_decided_or_reported_is_no_error", Fault::DecisionsAreErrors),
        ("an_attempt_in_doubt_counts_once_however_often_it_is_asked_about", Fault::EveryQuestionIsAnAttempt),
        ("providers_are_counted_by_their_answers", Fault::PutOffIsRefused),
        ("a_report_is_no_answer_of_a_provider", Fault::ReportsAreAnswers),
        ("events_before_or_behind_the_window_do_not_count", Fault::EventsIgnoreTheWindow),
        ("latency_runs_from_the_moment_a_letter_could_first_go_out", Fault::LatencyFromEnqueue),
        ("percentiles_are_those_of_the_letters_that_were_sent_in_the_window", Fault::MedianIsTheWorst),
        ("a_summary_says_how_the_queue_stands_now", Fault::CountsScheduledAsDue),
        ("an_empty_store_has_empty_figures", Fault::NothingIsZero),
        ("a_series_has_equal_buckets_and_the_empty_ones_too", Fault::LeavesOutEmptyBuckets),
        ("a_series_keeps_to_its_bounds", Fault::AsManyBucketsAsAskedFor),
        ("a_series_counts_letters_where_they_ended", Fault::CountsWhereItBegan),
        ("a_series_says_what_waited_at_the_end_of_each_bucket", Fault::WaitsInTheLastBucketOnly),
        ("a_series_is_of_one_tenant_where_one_is_named", Fault::FiguresOfEverybody),
        ("a_redriven_letter_counts_from_its_redrive", Fault::RedrivenLettersAreFailed),
    ];
}

mod transport_rules {
    use postroom_ports::contract::transport;

    use crate::broken::transport::Fault;

    postroom_ports::for_each_transport_rule!(fail_each_rule { transport crate::broken::transport::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("an_accepted_letter_yields_a_receipt", Fault::LosesReceipts),
        ("the_bytes_arrive_unchanged", Fault::StripsDots),
        ("a_refused_recipient_is_rejected", Fault::EverythingIsDeferred),
        ("a_refusal_for_now_is_deferred", Fault::EverythingIsRejected),
        ("bad_credentials_are_misconfigured", Fault::EverythingIsRejected),
        ("silence_after_the_body_is_in_doubt", Fault::EverythingIsDeferred),
        ("a_connection_lost_after_the_body_is_in_doubt", Fault::EverythingIsDeferred),
        ("garbage_after_the_body_is_in_doubt", Fault::EverythingIsRejected),
        ("a_connection_lost_before_the_body_is_deferred", Fault::EverythingIsInDoubt),
        ("an_unreachable_peer_is_deferred", Fault::EverythingIsInDoubt),
        ("a_failure_holds_no_secret_and_no_address", Fault::AddressInTheCode),
        ("a_failure_does_not_spoil_the_next_letter", Fault::SpoiledByFailure),
        ("dropping_the_future_leaves_the_transport_usable", Fault::StuckAfterADrop),
        ("letters_sent_at_once_do_not_mix", Fault::MixesRecipients),
        ("reconcile_claims_nothing_that_it_cannot_know", Fault::ReconcileClaimsAcceptance),
        ("a_transport_says_what_it_can", Fault::SendsNoneAtOnce),
    ];
}

mod probe_rules {
    use postroom_ports::contract::probe;

    use crate::broken::probe::Fault;

    postroom_ports::for_each_probe_rule!(fail_each_rule { probe crate::broken::probe::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("a_peer_in_order_has_no_error", Fault::SpeaksIllOfEverybody),
        ("a_probe_hands_nothing_over", Fault::SendsALetterToTry),
        ("a_peer_that_is_not_there_is_an_error", Fault::AllIsWell),
        ("refused_credentials_are_an_error", Fault::AllIsWell),
        ("what_is_not_in_order_says_what_to_do", Fault::KeepsTheFixToItself),
        ("a_finding_holds_no_secret_and_no_address", Fault::RepeatsTheSecret),
    ];
}

mod renderer_rules {
    use postroom_ports::contract::renderer;

    use crate::broken::renderer::Fault;

    postroom_ports::for_each_renderer_rule!(fail_each_rule { renderer crate::broken::renderer::BrokenHarness });

    const FAULTS: &[(&str, Fault)] = &[
        ("a_letter_has_a_subject_and_both_bodies", Fault::ForgetsText),
        ("missing_variables_are_named_all_at_once", Fault::NamesOneMissing),
        ("data_is_escaped_in_html_and_only_there", Fault::EscapesNothing),
        ("links_of_other_schemes_are_refused", Fault::AcceptsAnyLink),
        ("data_is_never_evaluated", Fault::EvaluatesData),
        ("the_same_input_gives_the_same_words", Fault::CountsVersions),
        ("output_is_bounded", Fault::RendersWithoutBounds),
        ("an_unknown_template_is_named_with_a_suggestion", Fault::SuggestsNothing),
        ("a_subject_is_one_line", Fault::BreaksTheSubject),
        ("every_listed_template_renders_its_sample", Fault::KnowsNoSamples),
        ("unused_data_is_no_mistake", Fault::RefusesUnusedData),
        ("the_nearest_variant_is_taken", Fault::KnowsExactLocalesOnly),
        ("a_letter_names_the_variant_that_was_taken", Fault::ForgetsTheVariant),
        ("without_a_variant_the_template_itself_is_taken", Fault::NamesWhatWasWanted),
        ("a_variant_has_a_version_of_its_own", Fault::SharesOneVersion),
        ("a_variant_is_no_template_of_its_own", Fault::ListsVariants),
        ("what_a_letter_needs_does_not_depend_on_its_language", Fault::NeedsLessInGerman),
    ];
}

"""All parameters of one month, with their units.

Written by `python -m sendcycle.structure.generated_records` from `parameters.toml`.
"""

from sendcycle.state.records import Real, Record


class ParameterRecord(Record):
    """All parameters of one month, with their units."""

    gain_r1_crowding_out: Real  # multiplier
    gain_r2_budget_squeeze: Real  # multiplier
    gain_r3_funding_incentive: Real  # multiplier
    gain_r4_adversarial: Real  # multiplier
    gain_r5_placement_escalation: Real  # multiplier
    gain_r6_winners_losers: Real  # multiplier
    gain_r7_confidence: Real  # multiplier
    gain_r8_workforce_drain: Real  # multiplier
    gain_r9_anticipation: Real  # multiplier
    gain_b1_gatekeeping: Real  # multiplier
    gain_b2_funding_follows: Real  # multiplier
    gain_b3_met_need: Real  # multiplier
    gain_b4_place_building: Real  # multiplier
    gain_b5_queue_deterrence: Real  # multiplier
    gain_b6_ageing_exit: Real  # multiplier
    gain_b7_training: Real  # multiplier
    share_latent_need: Real  # share of births
    factor_need_disadvantage: Real  # ratio
    share_need_autism: Real  # share of latent need
    share_need_semh: Real  # share of latent need
    share_need_slcn: Real  # share of latent need
    share_need_learning: Real  # share of latent need
    share_need_profound: Real  # share of latent need
    severity_autism: Real  # thousand pounds a year, 2014-15 prices
    severity_semh: Real  # thousand pounds a year, 2014-15 prices
    severity_slcn: Real  # thousand pounds a year, 2014-15 prices
    severity_learning: Real  # thousand pounds a year, 2014-15 prices
    severity_profound: Real  # thousand pounds a year, 2014-15 prices
    severity_physical: Real  # thousand pounds a year, 2014-15 prices
    spread_severity: Real  # log standard deviation
    escalation: Real  # per unit of remembered unmet need
    unmet_reference: Real  # share
    severity_reference: Real  # thousand pounds a year, 2014-15 prices
    rate_identification: Real  # per month
    elasticity_identification: Real  # elasticity
    factor_identification_secondary: Real  # ratio
    elasticity_identification_relative: Real  # elasticity
    support_share_reference: Real  # share of pupils
    share_support_ends_at_transfer: Real  # share
    rate_support_ends: Real  # per month
    effect_unmet_on_asking: Real  # per unit of remembered unmet need
    recognition_trend: Real  # switch
    share_recognition_spills: Real  # share
    recognition_growth: Real  # log points a year
    elasticity_recognition: Real  # elasticity
    share_nursery: Real  # share
    share_sixth_form: Real  # share
    spread_disadvantage: Real  # logits
    spread_school_size: Real  # log standard deviation
    sen_support_2014: Real  # pupils
    notional_sen_gbp_per_pupil: Real  # pounds a pupil a year, 2014-15 prices
    share_specialist_help: Real  # share
    share_outreach_psychologists: Real  # share
    outreach_2014: Real  # share
    outreach_extra: Real  # multiplier
    inclusion_support: Real  # multiplier
    share_universal: Real  # share
    coverage_early_years: Real  # share
    share_plan_protected: Real  # share
    elasticity_topup_value: Real  # elasticity
    met_unit: Real  # share
    met_special: Real  # share
    met_post_16: Real  # share
    met_alternative: Real  # share
    met_home: Real  # share
    met_elsewhere: Real  # share
    penalty_wrong_place: Real  # share
    effect_closure_on_need: Real  # share per year of closure
    effect_closure: Real  # share
    rate_memory_up: Real  # per month
    rate_memory_down: Real  # per month
    rate_family_request: Real  # per month
    rate_school_request: Real  # per month
    severity_request: Real  # thousand pounds a year, 2014-15 prices
    elasticity_request: Real  # elasticity
    factor_request_unidentified: Real  # ratio
    factor_request_under_3: Real  # ratio
    factor_request_early_years: Real  # ratio
    factor_request_before_transfer: Real  # ratio
    factor_request_secondary: Real  # ratio
    factor_request_post_16: Real  # ratio
    effect_confidence: Real  # log points per unit of confidence
    confidence_reference: Real  # share
    elasticity_advocacy: Real  # elasticity
    effect_plan_norm: Real  # log points per unit of share
    rate_norm: Real  # per month
    effect_incentive: Real  # log points per unit of incentive
    incentive_reference: Real  # index
    cost_reference_gbp: Real  # pounds a year, 2014-15 prices
    effect_wait: Real  # log points a month of wait
    effect_belief_on_requests: Real  # log points per unit of belief
    effect_anticipation: Real  # ratio
    announced_restriction: Real  # share
    rate_awareness: Real  # per month
    rate_awareness_fades: Real  # per month
    new_plans_2014: Real  # plans a year
    weeks_decision: Real  # weeks
    severity_threshold: Real  # thousand pounds a year, 2014-15 prices
    spread_decision: Real  # log points
    effect_advocacy_on_merit: Real  # log points
    prob_not_issued: Real  # probability
    effect_strictness_on_issue: Real  # log points per log point
    spread_process: Real  # log standard deviation
    persistence_practice: Real  # share kept a year
    spread_practice_requests: Real  # log standard deviation
    spread_practice_refusals: Real  # logit standard deviation
    spread_practice_pace: Real  # normal quantiles
    process_weeks_extra: Real  # weeks
    hours_assessment: Real  # hours
    hours_annual_review: Real  # hours a year
    hours_transfer: Real  # hours
    hours_appeal: Real  # hours
    hours_decision: Real  # hours
    hours_draft: Real  # hours
    share_statutory_limit: Real  # share
    effect_deficit_on_strictness: Real  # log points per settlement of deficit
    rate_gatekeeping: Real  # per month
    effect_belief_on_strictness: Real  # log points per unit of belief
    rate_plan_ceases: Real  # per month
    prob_leave_16: Real  # probability a year
    prob_leave_17: Real  # probability a year
    prob_leave_18: Real  # probability a year
    prob_leave_19: Real  # probability a year
    prob_leave_20_plus: Real  # probability a year
    prob_leave_16_before_act: Real  # probability a year
    prob_leave_17_before_act: Real  # probability a year
    prob_leave_18_before_act: Real  # probability a year
    act_phase_2014: Real  # share
    act_phase_2015: Real  # share
    share_further_education: Real  # share
    share_stays_without_plan: Real  # share
    prob_contest_refusal: Real  # probability
    rate_contest_contents: Real  # per month
    factor_contest_placement: Real  # ratio
    elasticity_advocacy_contest: Real  # elasticity
    effect_belief: Real  # log points per unit of belief
    effect_tribunal_wait: Real  # log points a month
    share_mediation: Real  # share
    prob_mediation_agrees: Real  # probability
    prob_mediation_to_appeal: Real  # probability
    prob_settle: Real  # probability
    elasticity_settle: Real  # elasticity
    casework_reference: Real  # ratio
    prob_upheld: Real  # probability
    gain_provision_appeal: Real  # share
    appeals_2014: Real  # appeals a year
    dur_tribunal_minimum_months: Real  # months
    hearings_adequacy: Real  # ratio
    share_docket_staffed: Real  # per month
    dur_hearings_lag_months: Real  # months
    growth_hearings_limit: Real  # per month
    rate_belief: Real  # per month
    wins_half_belief: Real  # contests won a month per 1,000 children with SEN
    severity_special: Real  # thousand pounds a year, 2014-15 prices
    spread_special: Real  # log points
    effect_confidence_on_special: Real  # logits per unit of confidence
    rate_breakdown: Real  # per month
    effect_unmet_on_breakdown: Real  # log points per unit of unmet need
    rate_independent: Real  # per month
    prob_unit: Real  # per month
    rate_elsewhere: Real  # per month
    rate_overflow: Real  # per month
    effect_reputation: Real  # log points
    rate_reputation: Real  # per month
    rate_exclusion: Real  # per month
    factor_exclusion_semh: Real  # ratio
    factor_exclusion_primary: Real  # ratio
    rate_home_education: Real  # per month
    rate_return_home: Real  # per month
    rate_return_alternative: Real  # per month
    rate_place_building: Real  # share of the shortage a month
    dur_place_building_months: Real  # months
    share_waiting_planned_for: Real  # share
    special_places_extra: Real  # places a year
    places_over_pupils_2014: Real  # ratio
    rate_unit_building: Real  # places a child waiting a month
    unit_pupils_2014: Real  # places
    confidence_at_onset: Real  # share
    weight_neighbours: Real  # share
    rate_confidence_falls: Real  # per month
    rate_confidence_rises: Real  # per month
    confidence_campaign: Real  # share
    advocacy_gap: Real  # logits
    spread_advocacy: Real  # logits
    psychologists_2014: Real  # full-time equivalents
    hours_psychologist: Real  # hours a year
    rate_psychologist_leaves: Real  # per month
    rate_psychologist_retires: Real  # per month
    share_private_for_advice: Real  # share
    elasticity_drain_workload: Real  # elasticity
    elasticity_drain_independent: Real  # elasticity
    psychologist_trainees: Real  # trainees a year
    response_training: Real  # elasticity
    dur_training_months: Real  # months
    share_trained_to_authorities: Real  # share
    hours_caseworker: Real  # hours a year
    casework_adequacy: Real  # ratio
    share_backlog_staffed: Real  # per month
    dur_casework_lag_months: Real  # months
    rate_skill_build: Real  # per month
    rate_skill_lost: Real  # per month
    elasticity_skill_budget: Real  # elasticity
    elasticity_skill_drain: Real  # elasticity
    effect_load_on_skill: Real  # log points
    effect_load_on_roll: Real  # log points
    spread_skill: Real  # log standard deviation
    rate_therapy_referral: Real  # per month
    factor_therapy_identified: Real  # share
    therapy_adequacy_2014: Real  # ratio
    growth_therapy: Real  # per year
    therapy_per_assessment: Real  # treatments
    rate_therapy_gives_up: Real  # per month
    effect_therapy_wait: Real  # log points a year of wait
    notional_sen_threshold_gbp: Real  # pounds a year
    rate_support_restored: Real  # per year
    share_balance_known: Real  # share
    topup_floor_gbp: Real  # pounds a year
    share_topup_named: Real  # share
    topup_severe_above_gbp: Real  # pounds a year
    share_topup_uprated: Real  # share
    effect_pressure_on_topups: Real  # share a year per unit of overspend
    effect_pressure_on_support: Real  # share a year per unit of overspend
    weight_deficit: Real  # ratio
    share_support_protected: Real  # share
    support_budget_gbp_2014: Real  # pounds a year
    cost_special_place_gbp: Real  # pounds a year
    topup_special_gbp: Real  # pounds a year
    cost_unit_place_gbp: Real  # pounds a year
    cost_independent_gbp_2014: Real  # pounds a year
    cost_alternative_gbp: Real  # pounds a year, 2014-15 prices
    alternative_unsimulated: Real  # places
    cost_post_16_gbp: Real  # pounds a year, 2014-15 prices
    post_16_without_plan_2014: Real  # young people
    other_gbp_2014: Real  # pounds a year
    cost_elsewhere_gbp: Real  # pounds a year, 2014-15 prices
    share_input_funding: Real  # share
    share_throughput_funding: Real  # share
    share_cluster_funding: Real  # share
    cost_psychologist_gbp: Real  # pounds a year, 2014-15 prices
    factor_price_bought_advice: Real  # ratio
    cost_caseworker_gbp: Real  # pounds a year, 2014-15 prices
    cost_appeal_settled_gbp: Real  # pounds, 2014-15 prices
    cost_appeal_heard_gbp: Real  # pounds, 2014-15 prices
    cost_mediation_gbp: Real  # pounds, 2014-15 prices
    cost_transport_gbp: Real  # pounds a year, 2014-15 prices
    share_transport_special: Real  # share
    share_transport_other: Real  # share
    factor_distance_independent: Real  # ratio
    cost_new_unit_place_gbp: Real  # pounds, 2014-15 prices
    cost_new_place_gbp: Real  # pounds, 2014-15 prices
    balance_2014_gbp: Real  # pounds
    statutory_override: Real  # switch
    share_deficit_granted: Real  # share a month
    use_published_settlement: Real  # switch
    settlement_growth_real: Real  # per year
    response_settlement: Real  # per year per unit of overspend
    settlement_extra_share: Real  # share
    occupancy_reference: Real  # ratio
    response_independent_places: Real  # per month per unit of occupancy
    share_free_places_offered: Real  # per month
    limit_independent_price: Real  # share a month
    response_independent_price: Real  # per month per unit of occupancy
    share_isp_protected: Real  # share
    cost_isp_writing_gbp: Real  # pounds a child a year, 2014-15 prices
    reassessed_at_transfer: Real  # share
    reassessed_at_16: Real  # share
    reassessed_born_from_year: Real  # school year of birth
    share_reassessment_advice: Real  # share
    contest_names_placement: Real  # switch
    cap_independent_gbp: Real  # pounds a year, 2014-15 prices
    response_places_to_cap: Real  # share a month for each price gap of 1
    specialists_extra: Real  # full-time equivalents
    dur_specialists_recruited_months: Real  # months
    share_specialists_psychologists: Real  # share
    cost_specialist_gbp: Real  # pounds a year, 2014-15 prices
    unit_places_extra: Real  # places a year
    factor_pool: Real  # multiplier
    support_grant_gbp: Real  # pounds a year, 2014-15 prices
    inclusion_grant_gbp_per_pupil: Real  # pounds a pupil a year, 2014-15 prices
    share_surplus_spent: Real  # share
    response_upheld_to_threshold: Real  # elasticity

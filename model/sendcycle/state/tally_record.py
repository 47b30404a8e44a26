"""What is counted of one authority in one month, with units.

Written by `python -m sendcycle.structure.generated_records` from `observables.toml`.
"""

from sendcycle.state.records import Real, Record


class TallyRecord(Record):
    """What is counted of one authority in one month, with units."""

    requests: Real  # requests: requests for an EHC needs assessment
    requests_by_family: Real  # requests: requests made by families
    requests_by_school: Real  # requests: requests made or backed by schools
    request_decisions: Real  # requests: decisions whether to assess
    requests_refused: Real  # requests: refusals to assess
    assessments_agreed: Real  # children: decisions to assess
    assessments_begun: Real  # children: assessments begun, by agreement or after a won contest
    drafts_begun: Real  # children: plans begun to be written
    assessments_completed: Real  # children: assessments that ended in a decision whether to issue a plan
    assessments_not_issued: Real  # children: assessments that ended without a plan
    new_plans: Real  # plans: plans issued
    new_plans_within_12_weeks: Real  # plans: plans issued within 12 weeks of the request, or of a won contest
    new_plans_within_16_weeks: Real  # plans: plans issued within 16 weeks of the request, or of a won contest
    new_plans_within_20_weeks: Real  # plans: plans issued within 20 weeks of the request, or of a won contest
    new_plans_within_26_weeks: Real  # plans: plans issued within 26 weeks of the request, or of a won contest
    new_plans_within_32_weeks: Real  # plans: plans issued within 32 weeks of the request, or of a won contest
    new_plans_within_40_weeks: Real  # plans: plans issued within 40 weeks of the request, or of a won contest
    new_plans_within_52_weeks: Real  # plans: plans issued within 52 weeks of the request, or of a won contest
    new_plans_within_78_weeks: Real  # plans: plans issued within 78 weeks of the request, or of a won contest
    new_plans_over_52_weeks: Real  # plans: plans issued more than 52 weeks after the request
    new_plans_disadvantaged: Real  # plans: plans issued to children with free school meals
    weeks_to_plan: Real  # weeks: weeks from request, or from a won contest, to plan, summed over plans issued
    plans_ceased: Real  # plans: plans ceased
    plans_ceased_need_met: Real  # plans: plans ceased because the need is met
    reassessments: Real  # children: plan holders reassessed at transfer or at 16
    plans_ceased_reassessed: Real  # plans: plans ceased on reassessment
    cases_withdrawn: Real  # children: cases that ended because the young person left
    mediations: Real  # children: mediations begun
    mediations_agreed: Real  # children: mediations in which the authority agreed
    appeals_registered: Real  # appeals: appeals registered
    appeals_refusal_to_assess: Real  # appeals: appeals registered on refusal to assess
    appeals_refusal_to_issue: Real  # appeals: appeals registered on refusal to issue
    appeals_contents: Real  # appeals: appeals registered on contents or placement
    appeals_disadvantaged: Real  # appeals: appeals registered by families with free school meals
    appeals_disposed: Real  # appeals: appeals disposed of
    appeals_settled: Real  # appeals: appeals settled before a decision
    appeals_decided: Real  # appeals: appeals decided
    appeals_upheld: Real  # appeals: appeals decided for the family
    appeal_wait_months: Real  # months: months from registration to disposal, summed over appeals disposed of
    contests_won: Real  # children: contests (mediation and appeal) that gave the family what it asked
    identified: Real  # children: children who went on SEN support
    exclusions: Real  # children: permanent exclusions of children with need
    home_educations: Real  # children: children withdrawn to home education
    placements_broken_down: Real  # children: mainstream placements of plan holders that broke down
    specialist_places_sought: Real  # children: plan holders who began to wait for a specialist place
    placed_state_special: Real  # children: children placed in state special schools
    placed_independent: Real  # children: children placed in independent or non-maintained special schools
    plans_in_force: Real  # plans: plans in force at month end
    pupils_sen_support: Real  # children: pupils on SEN support at month end
    pupils_sen_support_secondary: Real  # children: pupils on SEN support in secondary schools at month end
    cases_open: Real  # children: children in the statutory pipeline at month end
    appeals_open: Real  # appeals: appeals waiting at month end
    waiting_decision: Real  # children: requests waiting for a decision at month end
    waiting_psychologist: Real  # children: assessments waiting for psychologists at month end
    waiting_draft: Real  # children: plans waiting to be written at month end
    waiting_special: Real  # children: plan holders waiting for a specialist place at month end
    special_places: Real  # places: state special places at month end
    unit_places: Real  # places: places in units and resourced provision at month end
    plans_early_years: Real  # plans: plan holders before school
    plans_mainstream_school: Real  # plans: plan holders in mainstream classes
    plans_unit: Real  # plans: plan holders in units and resourced provision
    plans_state_special: Real  # plans: plan holders in state special schools
    plans_independent_special: Real  # plans: plan holders in independent and non-maintained special schools
    plans_ap: Real  # plans: plan holders in alternative provision
    plans_post_16: Real  # plans: plan holders in further education
    plans_home: Real  # plans: plan holders in home education
    plans_elsewhere: Real  # plans: plan holders awaiting provision or educated elsewhere
    pupils: Real  # children: pupils in schools, with and without need
    plans_of_pupils: Real  # plans: plan holders in schools (not further education, home or elsewhere)
    children_with_need: Real  # children: children and young people whose need shows, further education left out
    children_with_need_disadvantaged: Real  # children: of them, with free school meals
    unmet_children: Real  # children: children-equivalents of unmet need (a child wholly without support counts 1)
    unmet_children_disadvantaged: Real  # children: of them, with free school meals
    need_gbp_k: Real  # thousand pounds a year: cost of all needs at 2014-15 prices
    need_met_gbp_k: Real  # thousand pounds a year: part of it that is met
    confidence_sum: Real  # children: confidence in mainstream, summed over families
    confidence_count: Real  # children: families summed over
    school_skill_pupils: Real  # children: inclusive skill of schools, weighted by pupils
    school_coverage_pupils: Real  # children: coverage of schools, weighted by pupils
    school_pupils: Real  # children: pupils in mainstream schools
    isp_pupils: Real  # children: pupils with an individual support plan
    isp_assured_gbp_k: Real  # thousand pounds a year: need that individual support plans assure, at 2014-15 prices
    isp_writing_gbp_k: Real  # thousand pounds a year: support that writing and reviewing them takes, at 2014-15 prices
    psychologists: Real  # full-time equivalents: psychologists employed, full-time equivalents
    caseworkers: Real  # full-time equivalents: caseworkers employed, full-time equivalents
    psychologist_hours_statutory: Real  # hours: hours of authorities' own psychologists on statutory work
    psychologist_hours_early: Real  # hours: hours of psychologists, and of specialists in extra posts, reaching chi ...
    specialist_hours: Real  # hours: of them, of specialists in extra posts
    specialists_extra: Real  # full-time equivalents: specialists in posts that a reform created
    specialist_psychologists: Real  # full-time equivalents: of them, psychologists
    psychologist_hours_bought: Real  # hours: hours bought from psychologists in private practice, for advice
    therapy_waiting: Real  # children: children waiting for therapy or CAMHS
    belief_children: Real  # children: belief that contesting pays, weighted by children with SEN
    strictness_children: Real  # children: strictness added since September 2014, weighted by children with SEN
    anticipation_children: Real  # children: awareness of announced restrictions, weighted by children with SEN
    sen_children: Real  # children: children with SEN
    balance_gbp: Real  # pounds: cumulative balance of the high-needs block at month end
    deficit_gbp: Real  # pounds: deficits of the authorities in deficit at month end
    authorities_in_deficit: Real  # authorities: authorities in deficit
    authorities: Real  # authorities: authorities
    settlement_gbp: Real  # pounds: high-needs block received in the month
    surplus_spent_gbp: Real  # pounds: surpluses put into support services in the month
    deficit_grant_gbp: Real  # pounds: deficit grant received in the month
    independent_price_gbp: Real  # pounds: fee of an independent place for a year, times pupils there
    independent_pupils: Real  # children: pupils in independent places
    independent_market_gbp: Real  # pounds: market's price of an independent place for a year, times pupils there
    spend_mainstream_topups_gbp: Real  # pounds: spent on mainstream topups, in the month
    spend_units_and_bases_gbp: Real  # pounds: spent on units and bases, in the month
    spend_state_special_gbp: Real  # pounds: spent on state special, in the month
    spend_independent_special_gbp: Real  # pounds: spent on independent special, in the month
    spend_alternative_provision_gbp: Real  # pounds: spent on alternative provision, in the month
    spend_post_16_gbp: Real  # pounds: spent on post 16, in the month
    spend_support_services_gbp: Real  # pounds: spent on support services, in the month
    spend_school_and_cluster_funding_gbp: Real  # pounds: spent on school and cluster funding, in the month
    spend_therapies_and_other_gbp: Real  # pounds: spent on therapies and other, in the month
    spend_assessment_and_casework_gbp: Real  # pounds: spent on assessment and casework, in the month
    spend_tribunal_and_mediation_gbp: Real  # pounds: spent on tribunal and mediation, in the month
    spend_transport_gbp: Real  # pounds: spent on transport, in the month
    spend_capital_gbp: Real  # pounds: spent on capital, in the month
    spend_notional_sen_gbp: Real  # pounds: spent on notional sen, in the month
    spend_programmes_gbp: Real  # pounds: spent on programmes of reforms outside the block, in the month
    plans_mainstream: Real  # plans: plan holders in mainstream schools, units included
    plans_special: Real  # plans: plan holders in special schools
    spend_inside_gbp: Real  # pounds: spent inside the high-needs block, in the month
    unmet_child_years: Real  # child-years: child-years of unmet need

// AWS::Events::Rule. Ref: the name; GetAtt Arn, RuleName.
#include <algorithm>

#include "cloudformation/types/retagging.h"
#include "cloudformation/types/table_type.h"
#include "cloudformation/types/types.h"
#include "handlers/events.h"
#include "services/events/rows.h"

namespace berth::cfn {
namespace {

constexpr std::size_t rule_name_characters_max = 64;

// What CloudFormation names otherwise inside a target's EcsParameters.
json::value as_api_target(json::value target) {
  auto* parameters = target.is_object() ? target.get_object().if_contains("EcsParameters") : nullptr;
  if (!parameters || !parameters->is_object()) return target;
  *parameters =
      renamed(parameters->get_object(), {{"PlacementStrategies", "PlacementStrategy"}, {"TagList", "Tags"}});
  auto* network = parameters->get_object().if_contains("NetworkConfiguration");
  if (network && network->is_object())
    *network = renamed(network->get_object(), {{"AwsVpcConfiguration", "awsvpcConfiguration"}});
  return target;
}

json::array targets_of(const json::object& properties) {
  json::array targets;
  const auto* list = properties.if_contains("Targets");
  if (!list || !list->is_array()) return targets;
  for (const auto& target : list->get_array()) targets.push_back(as_api_target(target));
  return targets;
}

// A template's scalars come as text, whatever they were: `0` in a pattern may have been a number or a text,
// and an event's field is one of the two. So a pattern asks for both, and operators get the kind that they
// take.
std::optional<json::value> other_than_text(const json::value& value) {
  const auto* text = value.if_string();
  json::value parsed;
  JsonError error;
  if (!text || !parse_json(*text, parsed, error) || (!parsed.is_number() && !parsed.is_bool()))
    return std::nullopt;
  return json::serialize(parsed) == std::string_view(*text) ? std::optional(std::move(parsed)) : std::nullopt;
}

void ask_for_both(json::array& literals) {
  json::array others;
  for (const auto& literal : literals) {
    if (auto other = other_than_text(literal)) others.push_back(std::move(*other));
  }
  literals.insert(literals.end(), others.begin(), others.end());
}

void restore_operator(json::object& rule) {
  for (auto& member : rule) {
    json::value& wanted = member.value();
    if (member.key() == "exists") {
      if (auto flag = other_than_text(wanted)) wanted = std::move(*flag);
    } else if (member.key() == "numeric" && wanted.is_array()) {
      for (auto& part : wanted.get_array()) {
        if (auto number = other_than_text(part)) part = std::move(*number);
      }
    } else if (member.key() == "anything-but" && !wanted.is_object()) {
      json::array literals = wanted.is_array() ? wanted.get_array() : json::array{wanted};
      ask_for_both(literals);
      if (wanted.is_array() || literals.size() > 1) wanted = std::move(literals);
    }
  }
}

void restore_scalars(json::object& pattern) {
  for (auto& member : pattern) {
    if (auto* nested = member.value().if_object()) restore_scalars(*nested);
    auto* rules = member.value().if_array();
    if (!rules) continue;
    for (auto& rule : *rules) {
      if (!rule.is_object()) continue;
      if (member.key() == "$or") {
        restore_scalars(rule.get_object());
      } else {
        restore_operator(rule.get_object());
      }
    }
    ask_for_both(*rules);
  }
}

// A pattern that is written as text stays as it is.
std::string pattern_of(const json::object& properties) {
  const auto& pattern = properties.at("EventPattern");
  if (!pattern.is_object()) return text_property(properties, "EventPattern");
  json::object restored = pattern.get_object();
  restore_scalars(restored);
  return json::serialize(restored);
}

class EventsRule final : public TableType {
 public:
  EventsRule()
      : TableType("AWS::Events::Rule", {{"Name", false, replaces, as_text},
                                        {"EventBusName", false, replaces, as_text},
                                        {"Description", false, in_place, as_text},
                                        {"EventPattern", false, in_place, as_document},
                                        {"RoleArn", false, in_place, as_text},
                                        {"ScheduleExpression", false, in_place, as_text},
                                        {"State", false, in_place, as_text},
                                        {"Targets", false, in_place, as_list},
                                        {"Tags", false, in_place, as_list}}) {}

  Result<Created> create(TypeContext& context, const ResourceView& resource) override {
    std::string rule = text_property(resource.properties, "Name");
    if (rule.empty()) rule = context.generated_name(resource, rule_name_characters_max);
    if (context.context.store.find<events::RuleRow>(rule)) return already_exists(name(), rule);
    const auto tags = tag_structs<events::Tag>(tags_of(context, resource.properties));
    if (auto put = put_rule(context, rule, resource.properties, tags); !put) return put.error();
    if (auto put = put_targets(context, rule, resource.properties); !put) return put.error();
    return Created{rule};
  }

  Result<> update(TypeContext& context, const ResourceView& resource,
                  const json::object& properties) override {
    if (auto put = put_rule(context, resource.physical_id, properties, {}); !put) return put;
    if (auto gone = remove_targets(context, resource.physical_id, targets_of(properties)); !gone) return gone;
    if (auto put = put_targets(context, resource.physical_id, properties); !put) return put;
    const std::string arn = events::rule_arn(context.context.settings, resource.physical_id);
    return retag_rule(context, arn, tag_change(context, resource, properties));
  }

  Result<> remove(TypeContext& context, const ResourceView& resource) override {
    if (!context.context.store.find<events::RuleRow>(resource.physical_id)) return {};
    if (auto gone = remove_targets(context, resource.physical_id, {}); !gone) return gone;
    events::DeleteRuleRequest request;
    request.name = resource.physical_id;
    return done(events::delete_rule(context.context, request));
  }

  std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                       std::string_view name) const override {
    if (name == "Arn") return json::string(events::rule_arn(context.context.settings, resource.physical_id));
    if (name == "RuleName") return json::string(resource.physical_id);
    return std::nullopt;
  }

 private:
  static Result<> put_rule(TypeContext& context, const std::string& rule, const json::object& properties,
                           const std::vector<events::Tag>& tags) {
    auto request = request_of<events::PutRuleRequest>(
        renamed(properties, {{"Targets", ""}, {"Tags", ""}, {"EventPattern", ""}}));
    if (!request) return request.error();
    request->name = rule;
    if (has_property(properties, "EventPattern")) request->event_pattern = pattern_of(properties);
    if (!tags.empty()) request->tags = tags;
    return done(events::put_rule(context.context, *request));
  }

  static Result<> put_targets(TypeContext& context, const std::string& rule, const json::object& properties) {
    auto targets = targets_of(properties);
    if (targets.empty()) return {};
    auto request = request_of<events::PutTargetsRequest>(json::object{{"Targets", std::move(targets)}});
    if (!request) return request.error();
    request->rule = rule;
    return done(events::put_targets(context.context, *request));
  }

  // Those that are not among the ones to keep.
  static Result<> remove_targets(TypeContext& context, const std::string& rule, const json::array& keep) {
    const auto* row = context.context.store.find<events::RuleRow>(rule);
    if (!row) return {};
    events::RemoveTargetsRequest request;
    request.rule = rule;
    request.ids.emplace();
    for (const auto& target : row->targets) {
      const bool kept = std::any_of(keep.begin(), keep.end(),
                                    [&](const auto& each) { return string_or(each, "Id") == *target.id; });
      if (!kept) request.ids->push_back(*target.id);
    }
    return request.ids->empty() ? Result<>{} : done(events::remove_targets(context.context, request));
  }
};

}  // namespace

types::Made types::events_rule() {
  return std::make_unique<EventsRule>();
}

}  // namespace berth::cfn

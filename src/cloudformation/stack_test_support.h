// Shorthands of this folder's tests: a stack engine in virtual time and a resource type of the test's own,
// whose resources are rows of the store and do as their properties say.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "cloudformation/resource_type.h"
#include "cloudformation/stack_engine.h"
#include "cloudformation/stack_lookup.h"
#include "handlers/cloudformation.h"
#include "services/all_tables.h"
#include "services/ec2/rows.h"
#include "services/ssm/rows.h"
#include "services/testing.h"

namespace berth::cloudformation {

// What a Test::Thing makes.
struct ThingRow {
  static constexpr const char* table = "test.things";
  std::string id;
  json::value properties;
  bool stable = true;
  bool going = false;
  int updates = 0;
  std::map<std::string, std::string> tags;         // of stack and system, as last told
  std::map<std::string, std::string> former_tags;  // of the stack, as an update was told

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(ThingRow, (), (id, properties, stable, going, updates, tags, former_tags))

// Properties: Name (a change replaces it; the physical id where given), Value, Fail ("create", "update",
// "delete", "stable", "in use"), Slow (stable only when the test says so), SlowDelete, Tags.
class ThingType final : public cfn::ResourceType {
 public:
  std::string_view name() const override { return "Test::Thing"; }
  cfn::RecreationTable recreation() const override { return {{"Name", cfn::RequiresRecreation::always}}; }

  Result<> check(const json::object& properties) const override {
    for (const auto& property : properties) {
      static const std::vector<std::string_view> known = {"Name",   "Value",      "Fail", "Slow",
                                                          "Secret", "SlowDelete", "Tags"};
      if (std::find(known.begin(), known.end(), std::string_view(property.key())) == known.end()) {
        return Error{"ValidationError",
                     "#: extraneous key [" + std::string(property.key()) + "] is not permitted"};
      }
    }
    return {};
  }

  Result<cfn::Created> create(cfn::TypeContext& around, const cfn::ResourceView& resource) override {
    const std::string name = string_or(resource.properties, "Name");
    const std::string id = name.empty() ? around.generated_name(resource) : name;
    if (around.context.store.find<ThingRow>(id)) {
      return Error{"ThingAlreadyExistsException", id + " already exists"};
    }
    ThingRow row;
    row.id = id;
    row.properties = resource.properties;
    row.stable = !resource.properties.contains("Slow");
    row.tags = {around.stack_tags.begin(), around.stack_tags.end()};
    around.context.store.put(row);
    // A handler that fails late leaves no trace.
    if (fails(resource.properties, "create")) return Error{"InvalidParameterException", "no luck"};
    return cfn::Created{id};
  }

  Result<> update(cfn::TypeContext& around, const cfn::ResourceView& resource,
                  const json::object& properties) override {
    auto* row = around.context.store.edit<ThingRow>(resource.physical_id);
    if (!row) return Error{"ThingNotFoundException", resource.physical_id + " does not exist"};
    row->properties = properties;
    row->stable = !properties.contains("Slow");
    row->updates += 1;
    row->tags = {around.stack_tags.begin(), around.stack_tags.end()};
    row->former_tags = {around.former_stack_tags.begin(), around.former_stack_tags.end()};
    if (fails(properties, "update")) return Error{"InvalidParameterException", "no luck"};
    return {};
  }

  Result<> remove(cfn::TypeContext& around, const cfn::ResourceView& resource) override {
    auto* row = around.context.store.edit<ThingRow>(resource.physical_id);
    if (!row) return {};
    if (fails(resource.properties, "delete")) return Error{"GeneralServiceException", "it stays"};
    if (fails(resource.properties, "in use")) return Error{"ResourceInUseException", "it is in use"};
    if (resource.properties.contains("SlowDelete")) {
      row->going = true;
    } else {
      around.context.store.erase<ThingRow>(resource.physical_id);
    }
    return {};
  }

  Result<bool> stable(cfn::TypeContext& around, const cfn::ResourceView& resource) override {
    if (fails(resource.properties, "stable")) return Error{"GeneralServiceException", "it broke"};
    const auto* row = around.context.store.find<ThingRow>(resource.physical_id);
    return row && row->stable;
  }

  Result<bool> removed(cfn::TypeContext& around, const cfn::ResourceView& resource) override {
    return around.context.store.find<ThingRow>(resource.physical_id) == nullptr;
  }

  Duration stabilize_timeout() const override { return Duration::minutes(30); }

  std::optional<json::value> attribute(cfn::TypeContext&, const cfn::ResourceView& resource,
                                       std::string_view attribute_name) const override {
    if (attribute_name == "Arn") return json::string("arn:thing:" + resource.physical_id);
    return std::nullopt;
  }

  bool takes_stack_tags() const override { return true; }

 private:
  static bool fails(const json::object& properties, std::string_view when) {
    return string_or(properties, "Fail") == when;
  }
};

class StackTest : public testing::Test {
 protected:
  StackTest() { add_everything(test.store); }

  void SetUp() override {
    cfn::add_type(std::make_unique<ThingType>());
    start_engine();
  }

  static void add_everything(Store& store) {
    add_tables(store);
    services::add_tables(store);
    store.add<ThingRow>();
  }

  void start_engine() {
    engine = std::make_unique<StackEngine>(test.context);
    engine->start();
  }

  void run(Duration span = Duration::seconds(1)) { test.loop.run_for(span); }

  // Both return the error's message, empty when the call succeeds, and run until things settle.
  std::string create(const std::string& body, CreateStackInput input = {}) {
    input.stack_name = input.stack_name.value_or("learner");
    input.template_body = body;
    auto created = test.call(create_stack, input);
    run();
    return created ? "" : created.error().message;
  }
  std::string update(const std::string& body, UpdateStackInput input = {}) {
    input.stack_name = input.stack_name.value_or("learner");
    input.template_body = body;
    auto updated = test.call(update_stack, input);
    run();
    return updated ? "" : updated.error().message;
  }
  std::string remove(DeleteStackInput input = {}) {
    input.stack_name = input.stack_name.value_or("learner");
    auto removed = test.call(delete_stack, input);
    run();
    return removed ? "" : removed.error().message;
  }

  const StackRow& stack(const std::string& name = "learner") {
    const StackRow* found = nullptr;
    for (const auto& [id, row] : test.store.all<StackRow>()) {
      if (row.name == name && (!found || row.created_at >= found->created_at)) found = &row;
    }
    BERTH_CHECK(found);
    return *found;
  }
  std::string status(const std::string& name = "learner") { return stack(name).status; }

  const StackResourceRow* resource(const std::string& logical_id) {
    return active_resource(test.store, stack().id, logical_id);
  }
  std::string physical_id(const std::string& logical_id) {
    const auto* row = resource(logical_id);
    return row ? row->physical_id : "";
  }
  const ThingRow* thing(const std::string& logical_id) {
    return test.store.find<ThingRow>(physical_id(logical_id));
  }
  std::string value_of(const std::string& logical_id) {
    const auto* row = thing(logical_id);
    return row ? string_or(row->properties, "Value") : "";
  }
  std::size_t things() { return test.store.all<ThingRow>().size(); }

  void set_stable(const std::string& logical_id) {
    const std::string id = physical_id(logical_id);
    test.write([&] { test.store.edit<ThingRow>(id)->stable = true; });
    run();
  }

  // "A CREATE_IN_PROGRESS" since the last call, oldest first; the reason behind it where there is one.
  std::vector<std::string> new_events(const std::string& name = "learner") {
    std::vector<std::string> out;
    for (const auto* row : rows_of_stack<StackEventRow>(test.store, stack(name).id)) {
      if (row->sequence <= seen_events[name]) continue;
      const auto& event = row->event;
      std::string line = *event.logical_resource_id + " " + *event.resource_status;
      if (event.resource_status_reason) line += ": " + *event.resource_status_reason;
      out.push_back(line);
    }
    seen_events[name] = stack(name).event_count;
    return out;
  }
  void skip_events(const std::string& name = "learner") { seen_events[name] = stack(name).event_count; }

  services::HandlerTest test;
  std::unique_ptr<StackEngine> engine;
  std::map<std::string, int> seen_events;
};

}  // namespace berth::cloudformation

// ResourceType: what CloudFormation knows of one type of resource: how to create, update and delete it
// through the service's own handlers, when it is stable, and what Ref and GetAtt yield. One file per type in
// types/. The stack engine calls it; every call runs inside a store transaction, must not wait, and may be
// repeated after a crash only when the transaction did not commit.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cloudformation/template/property_diff.h"
#include "services/context.h"

namespace berth::cfn {

// One resource of a stack as the type needs to see it.
struct ResourceView {
  std::string stack_name;
  std::string stack_id;
  std::string logical_id;
  std::string physical_id;  // empty until create() has answered
  json::object properties;  // resolved; what the resource was last created or updated with
  Time step_began{};        // its creation, update or removal under way
};

struct TypeContext {
  Context& context;  // what the service's handlers take
  // `<stack>-<LogicalId>-<12 random characters>`, cut to `length_max`.
  std::string generated_name(const ResourceView& resource, std::size_t length_max = 255) const;
  // The stack's own tags, and for create() and update() CloudFormation's before them.
  std::vector<std::pair<std::string, std::string>> stack_tags;
  // For update(): what the stack's tags were.
  std::vector<std::pair<std::string, std::string>> former_stack_tags;
};

// What exists after create(): `physical_id` is what Ref yields unless ref() says otherwise.
struct Created {
  std::string physical_id;
};

// Where a resource is recorded but does nothing here; shown in the stack event's reason and docs/coverage.md.
// Empty: it does its job.
using RecordedOnly = std::string_view;

class ResourceType {
 public:
  virtual ~ResourceType() = default;

  virtual std::string_view name() const = 0;  // "AWS::ECS::Service"

  // Properties whose change needs a new resource (as AWS documents); absent ones are updated in place.
  // Read-only and unknown properties are refused by check().
  virtual RecreationTable recreation() const = 0;
  // Before anything is created: unknown or missing properties, wrong types. The message becomes
  // `Properties validation failed for resource X with message: ...`.
  virtual Result<> check(const json::object& properties) const = 0;

  virtual Result<Created> create(TypeContext& context, const ResourceView& resource) = 0;
  // In place; `resource.properties` are the old ones.
  virtual Result<> update(TypeContext& context, const ResourceView& resource,
                          const json::object& properties) = 0;
  // Begins to delete. A resource that is gone already is no error.
  virtual Result<> remove(TypeContext& context, const ResourceView& resource) = 0;

  // After create() or update(): true once the resource does its job. An error fails the operation (for
  // example the deployment circuit breaker). Called again whenever the store changes.
  virtual Result<bool> stable(TypeContext& context, const ResourceView& resource);
  // After remove(): true once nothing is left.
  virtual Result<bool> removed(TypeContext& context, const ResourceView& resource);
  // A resource that never becomes stable fails the operation after this time.
  virtual Duration stabilize_timeout() const { return Duration::minutes(180); }

  virtual json::value ref(TypeContext& context, const ResourceView& resource) const;
  // nullopt: the type has no such attribute.
  virtual std::optional<json::value> attribute(TypeContext& context, const ResourceView& resource,
                                               std::string_view name) const;
  // Whether an update may add attributes: before it, nobody can say which there will be.
  virtual bool has_growing_attributes() const { return false; }
  // Whether every update of the stack is one of the resource, whatever its properties: what they name may
  // have changed.
  virtual bool updates_always() const { return false; }
  virtual RecordedOnly recorded_only() const { return {}; }
  // Whether the stack's tags go to the resource: a change of them alone updates it.
  virtual bool takes_stack_tags() const { return false; }
};

// The types that templates may use: the composition root adds berth's own (types/types.h), a test its fakes.
// Null when there is no such type. Types have no state of their own.
ResourceType* find_type(std::string_view name);
std::vector<std::string_view> type_names();
void add_type(std::unique_ptr<ResourceType> type);

}  // namespace berth::cfn

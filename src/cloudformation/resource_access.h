// A stack's resources as their types see them, and as Ref and GetAtt of a template see them: those that
// exist, or a preview of those that do not yet.
#pragma once

#include <string>
#include <vector>

#include "cloudformation/plan.h"
#include "cloudformation/resource_type.h"

namespace berth::cloudformation {

// What stands for a value that nobody can know before the change set has been executed.
inline constexpr const char* known_after_apply = "{{changeSet:KNOWN_AFTER_APPLY}}";

// The type of a row or a template's resource; an older store may have one that berth no longer knows.
Result<cfn::ResourceType*> known_type(std::string_view name);
cfn::ResourceView view_of(const StackIdentity& stack, const StackResourceRow& resource);
cfn::TypeContext type_context(Context& context, const std::vector<Tag>& stack_tags);
// For create() and update(): the tags that CloudFormation itself puts on what it makes come first.
cfn::TypeContext tagging_context(Context& context, const cfn::ResourceView& resource,
                                 const std::vector<Tag>& stack_tags,
                                 const std::vector<Tag>& former_stack_tags);

// Adds Ref and GetAtt of the resources that exist; the others are unresolved dependencies.
void add_resources(cfn::Environment& environment, Context& context, const StackIdentity& stack);
// Adds Ref and GetAtt where what does not exist is `known_after_apply`.
void add_preview(cfn::Environment& environment, Context& context, const StackIdentity& stack);

// The resource as the plan wants it now. Events show `shown_properties`.
Result<ResourceVersion> wanted_version(const Context& context, const Plan& plan,
                                       const cfn::Resource& resource, const cfn::Environment& environment,
                                       const std::vector<Tag>& stack_tags);

// Its properties as far as they can be told: one that cannot is `known_after_apply`. Fails where even knowing
// every resource would not help.
Result<json::object> previewed_properties(const Plan& plan, const cfn::Resource& resource,
                                          const cfn::Environment& environment);

}  // namespace berth::cloudformation

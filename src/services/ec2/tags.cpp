// Tags of all of EC2's resources: CreateTags, DeleteTags, DescribeTags.
#include "services/tags.h"

#include <fmt/format.h>

#include <functional>

#include "handlers/ec2.h"
#include "services/ec2/listing.h"

namespace berth::ec2 {
namespace {

// One table whose rows carry tags.
struct Tagged {
  const Kind& kind;
  std::function<std::optional<std::vector<Tag>>*(Store&, const std::string& id)> edit;
  std::function<void(const Store&, const std::function<void(const std::string&, const std::vector<Tag>&)>&)>
      each;
};

template <class Row>
Tagged tagged(const Kind& kind) {
  return {kind,
          [](Store& store, const std::string& id) -> std::optional<std::vector<Tag>>* {
            auto* row = store.edit<Row>(id);
            return row ? &row->description.tags : nullptr;
          },
          [](const Store& store, const auto& visit) {
            for (const auto& [id, row] : store.all<Row>()) visit(id, list_of(row.description.tags));
          }};
}

const std::vector<Tagged>& tables() {
  static const std::vector<Tagged> all{
      tagged<VpcRow>(kinds::vpc),
      tagged<SubnetRow>(kinds::subnet),
      tagged<InternetGatewayRow>(kinds::internet_gateway),
      tagged<RouteTableRow>(kinds::route_table),
      tagged<NetworkAclRow>(kinds::network_acl),
      tagged<SecurityGroupRow>(kinds::security_group),
      tagged<SecurityGroupRuleRow>(kinds::security_group_rule),
      tagged<ElasticAddressRow>(kinds::elastic_ip),
      tagged<NatGatewayRow>(kinds::nat_gateway),
      tagged<VpcEndpointRow>(kinds::vpc_endpoint),
  };
  return all;
}

Result<std::vector<Tag>*> tags_of(Store& store, const std::string& id) {
  for (const Tagged& table : tables()) {
    if (!id.starts_with(table.kind.prefix)) continue;
    auto* tags = table.edit(store, id);
    if (!tags) {
      if (auto checked = check_id(table.kind, id); !checked) return checked.error();
      return not_found(table.kind, id);
    }
    if (!*tags) tags->emplace();
    return &**tags;
  }
  return Error{"InvalidID", fmt::format("The ID '{}' is not valid", id)};
}

Facets tag_facets(const TagDescription& tag) {
  Facets facets;
  return facets.add("key", tag.key)
      .add("resource-id", tag.resource_id)
      .add("resource-type", tag.resource_type)
      .add("value", tag.value);
}

// A tag with a value goes only if it has that value; one without goes whatever its value.
void remove_tag(std::vector<Tag>& tags, const Tag& unwanted) {
  std::erase_if(tags, [&](const Tag& tag) {
    return tag.key == unwanted.key && (!unwanted.value || tag.value == unwanted.value);
  });
}

}  // namespace

Result<CreateTagsOutput> create_tags(Context& context, const CreateTagsRequest& input) {
  std::vector<Tag> added;
  for (const Tag& tag : list_of(input.tags)) added.push_back({tag.key, tag.value.value_or("")});
  if (added.empty()) return missing_parameter("Tag");
  if (auto checked = check_tags(added); !checked) return checked.error();
  for (const std::string& id : list_of(input.resources)) {
    auto tags = tags_of(context.store, id);
    if (!tags) return tags.error();
    services::merge_tags(**tags, added);
    if (auto checked = check_tags(**tags); !checked) return checked.error();
  }
  return answer(input, CreateTagsOutput{});
}

Result<DeleteTagsOutput> delete_tags(Context& context, const DeleteTagsRequest& input) {
  for (const std::string& id : list_of(input.resources)) {
    auto tags = tags_of(context.store, id);
    if (!tags) return tags.error();
    if (!input.tags) std::erase_if(**tags, [](const Tag& tag) { return !tag.key->starts_with("aws:"); });
    for (const Tag& unwanted : list_of(input.tags)) remove_tag(**tags, unwanted);
  }
  return answer(input, DeleteTagsOutput{});
}

Result<DescribeTagsResult> describe_tags(Context& context, const DescribeTagsRequest& input) {
  if (auto checked = check_max_results(input.max_results, false); !checked) return checked.error();
  std::vector<TagDescription> all;
  for (const Tagged& table : tables()) {
    table.each(context.store, [&](const std::string& id, const std::vector<Tag>& tags) {
      for (const Tag& tag : tags) all.push_back({tag.key, id, table.kind.type, tag.value});
    });
  }
  auto kept = filtered(std::move(all), input.filters, tag_facets);
  if (!kept) return kept.error();
  auto page =
      services::page_of(std::move(*kept), input.next_token, input.max_results.value_or(page_items_default),
                        [](const TagDescription& tag) { return *tag.resource_id + "|" + *tag.key; },
                        {"InvalidNextToken", "The specified next token is not valid."});
  if (!page) return page.error();
  DescribeTagsResult output;
  output.tags = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return answer(input, std::move(output));
}

}  // namespace berth::ec2

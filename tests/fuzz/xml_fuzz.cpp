// Arbitrary bytes as the XML of an S3 request: the first byte chooses the operation. Nothing may crash, hang
// or throw, and what was read is read again from what is written of it.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "model/json_codec.h"
#include "model/s3.h"
#include "wire/xml.h"
#include "wire/xml_reader.h"

namespace {

using namespace berth;

struct Document {
  const model::Shape& shape;
  const char* root;
};

Document choose(std::uint8_t byte) {
  const std::array<Document, 5> documents{
      {{model::shape_of<s3::Delete>(), "Delete"},
       {model::shape_of<s3::CompletedMultipartUpload>(), "CompleteMultipartUpload"},
       {model::shape_of<s3::Tagging>(), "Tagging"},
       {model::shape_of<s3::CreateBucketConfiguration>(), "CreateBucketConfiguration"},
       {model::shape_of<s3::ServerSideEncryptionConfiguration>(), "ServerSideEncryptionConfiguration"}}};
  return documents[byte % documents.size()];
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto [shape, root] = choose(data[0]);
  const model::Object object = shape.make();
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (!wire::read_xml(shape, root, text, object.get())) return 0;
  std::string written = "<" + std::string(root) + ">";
  wire::write_xml_members(shape, object.get(), written);
  written += "</" + std::string(root) + ">";
  const model::Object again = shape.make();
  require(static_cast<bool>(wire::read_xml(shape, root, written, again.get())));
  std::string first, second;
  model::write_json(shape, object.get(), first);
  model::write_json(shape, again.get(), second);
  // A time is written in milliseconds.
  if (first.find("LastModifiedTime") == std::string::npos) require(first == second);
  return 0;
}

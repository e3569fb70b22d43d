#include "wire/cbor.h"

#include <cbor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/limits.h"
#include "model/cloudwatch.h"
#include "model/json_codec.h"
#include "wire/test_requests.h"

namespace berth::wire {
namespace {

using cloudwatch::MetricDatum;
using cloudwatch::PutMetricDataInput;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out.push_back(static_cast<char>(value));
  return out;
}

template <class T>
Result<> read(std::string_view text, T& out) {
  return read_cbor(model::shape_of<T>(), text, &out);
}

PutMetricDataInput sample() {
  PutMetricDataInput input;
  input.namespace_ = "My/App";
  input.strict_entity_validation = true;
  auto& datum = input.metric_data.emplace().emplace_back();
  datum.metric_name = "latency";
  datum.value = 12.5;
  datum.timestamp = from_unix_ms(1751531646300);
  datum.storage_resolution = 60;
  datum.values = {1.0, -0.5, 1e300};
  auto& dimension = datum.dimensions.emplace().emplace_back();
  dimension.name = "Service";
  dimension.value = std::string(300, 'x');
  return input;
}

// What libcbor makes of the bytes, as JSON.
json::value described(const cbor_item_t* item) {
  switch (cbor_typeof(item)) {
    case CBOR_TYPE_UINT:
      return cbor_get_int(item);
    case CBOR_TYPE_NEGINT:
      return -1 - static_cast<std::int64_t>(cbor_get_int(item));
    case CBOR_TYPE_STRING:
      return json::string(reinterpret_cast<const char*>(cbor_string_handle(item)), cbor_string_length(item));
    case CBOR_TYPE_TAG: {
      cbor_item_t* inner = cbor_tag_item(item);
      json::value value{cbor_tag_value(item), described(inner)};
      cbor_decref(&inner);
      return value;
    }
    case CBOR_TYPE_ARRAY: {
      json::array array;
      for (std::size_t i = 0; i < cbor_array_size(item); ++i)
        array.push_back(described(cbor_array_handle(item)[i]));
      return array;
    }
    case CBOR_TYPE_MAP: {
      json::object object;
      for (std::size_t i = 0; i < cbor_map_size(item); ++i) {
        const cbor_pair& pair = cbor_map_handle(item)[i];
        object[described(pair.key).as_string()] = described(pair.value);
      }
      return object;
    }
    default:
      break;
  }
  if (!cbor_float_ctrl_is_ctrl(item)) return cbor_float_get_float(item);
  return cbor_is_bool(item) ? json::value(cbor_get_bool(item)) : json::value();
}

json::value oracle(const std::string& text) {
  cbor_load_result result;
  cbor_item_t* item = cbor_load(reinterpret_cast<cbor_data>(text.data()), text.size(), &result);
  EXPECT_EQ(result.error.code, CBOR_ERR_NONE);
  EXPECT_EQ(result.read, text.size());
  if (!item) return {};
  json::value value = described(item);
  cbor_decref(&item);
  return value;
}

TEST(Cbor, AnotherLibraryReadsWhatIsWritten) {
  std::string out;
  const auto input = sample();
  write_cbor(model::shape_of<PutMetricDataInput>(), &input, out);
  const json::value expected = json::parse(
      R"({"Namespace": "My/App", "MetricData": [{"MetricName": "latency", "Dimensions": [{"Name": "Service",
          "Value": ")" +
      std::string(300, 'x') + R"("}], "Timestamp": [1, 1751531646.3], "Value": 12.5,
          "Values": [1.0, -0.5, 1e300], "StorageResolution": 60}], "StrictEntityValidation": true})");
  EXPECT_EQ(oracle(out), expected);
}

TEST(Cbor, ReadsWhatItWrote) {
  std::string out;
  const auto input = sample();
  write_cbor(model::shape_of<PutMetricDataInput>(), &input, out);
  const auto again = decoded<PutMetricDataInput>(
      cloudwatch::service(), cbor_request("GraniteServiceVersion20100801", "PutMetricData", out));
  EXPECT_EQ(model::to_json_text(again), model::to_json_text(input));
}

TEST(Cbor, ReadsIndefiniteLengthsAndEveryNumber) {
  MetricDatum datum;
  // {_ "MetricName": (_ "la", "tency"), "Values": [_ 1, -2, 1.5 (half), 2.5 (single), 0.1 (double),
  // Infinity]}
  const std::string text =
      bytes({0xbf, 0x6a}) + "MetricName" + bytes({0x7f, 0x62}) + "la" + bytes({0x65}) + "tency" +
      bytes({0xff, 0x66}) + "Values" +
      bytes({0x9f, 0x01, 0x21, 0xf9, 0x3e, 0x00, 0xfa, 0x40, 0x20, 0x00, 0x00, 0xfb, 0x3f,
             0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a, 0xf9, 0x7c, 0x00, 0xff, 0xff});
  ASSERT_TRUE(read(text, datum));
  EXPECT_EQ(datum.metric_name, "latency");
  EXPECT_EQ(*datum.values, (std::vector<double>{1, -2, 1.5, 2.5, 0.1, HUGE_VAL}));
}

TEST(Cbor, ReadsTimesAndIntegralFloats) {
  MetricDatum datum;
  // {"Timestamp": 1(1000), "StorageResolution": 60.0 (double), "Unit": null}
  const std::string text = bytes({0xa3, 0x69}) + "Timestamp" + bytes({0xc1, 0x19, 0x03, 0xe8, 0x71}) +
                           "StorageResolution" + bytes({0xfb, 0x40, 0x4e, 0, 0, 0, 0, 0, 0, 0x64}) + "Unit" +
                           bytes({0xf6});
  ASSERT_TRUE(read(text, datum));
  EXPECT_EQ(datum.timestamp, from_unix_seconds(1000));
  EXPECT_EQ(datum.storage_resolution, 60);
  EXPECT_FALSE(datum.unit);
}

TEST(Cbor, SkipsUnknownMembersWhateverTheyHold) {
  MetricDatum datum;
  // {"X": {_ "a": [1, h'00', 1.0]}, "Y": 2(h'01'), "MetricName": "m"}
  const std::string text = bytes({0xa3, 0x61}) + "X" + bytes({0xbf, 0x61}) + "a" +
                           bytes({0x83, 0x01, 0x41, 0x00, 0xf9, 0x3c, 0x00, 0xff, 0x61}) + "Y" +
                           bytes({0xc2, 0x41, 0x01, 0x6a}) + "MetricName" + bytes({0x61}) + "m";
  ASSERT_TRUE(read(text, datum));
  EXPECT_EQ(datum.metric_name, "m");
}

TEST(Cbor, RefusesWrongTypesByName) {
  MetricDatum datum;
  const auto value_of_text = bytes({0xa1, 0x65}) + "Value" + bytes({0x61}) + "x";
  EXPECT_EQ(read(value_of_text, datum).error().message, "The value at 'Value' is not a number");
  const auto bad_utf8 = bytes({0xa1, 0x6a}) + "MetricName" + bytes({0x61, 0xff});
  EXPECT_EQ(read(bad_utf8, datum).error().message, "The value at 'MetricName' is not UTF-8 text");
  const auto huge_integer = bytes({0xa1, 0x71}) + "StorageResolution" +
                            bytes({0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  EXPECT_EQ(read(huge_integer, datum).error().message, "The value at 'StorageResolution' is not an integer");
}

TEST(Cbor, RefusesMalformedBytes) {
  std::string whole;
  const auto input = sample();
  write_cbor(model::shape_of<PutMetricDataInput>(), &input, whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    PutMetricDataInput out;
    EXPECT_FALSE(read(std::string_view(whole).substr(0, size), out)) << size;
  }
  PutMetricDataInput out;
  EXPECT_FALSE(read(whole + "x", out));
  // A list that claims 2^60 elements, nesting without end in an unknown member, a lone break, a reserved
  // argument.
  EXPECT_FALSE(read(bytes({0xa1, 0x6a}) + "MetricData" + bytes({0x9b, 0x10, 0, 0, 0, 0, 0, 0, 0}), out));
  EXPECT_FALSE(read(bytes({0xa1, 0x61}) + "X" + std::string(100'000, '\x81'), out));
  EXPECT_FALSE(read(bytes({0xff}), out));
  EXPECT_FALSE(read(bytes({0xbc}), out));
}

TEST(Cbor, BoundsTheNumberOfStructures) {
  PutMetricDataInput out;
  const auto count = limits::wire_structures_max + 1;
  const std::string text = bytes({0xa1, 0x6a}) + "MetricData" +
                           bytes({0x9a, count >> 24, count >> 16, count >> 8, count}) +
                           std::string(static_cast<std::size_t>(count), '\xa0');
  EXPECT_NE(read(text, out).error().message.find("too many structures"), std::string::npos);
}

TEST(Cbor, WritesErrors) {
  std::string out;
  const json::value error = json::parse(R"({"__type": "X", "n": -300, "list": [true, null, 1.5]})");
  write_cbor_json(error, out);
  EXPECT_EQ(oracle(out), error);
}

}  // namespace
}  // namespace berth::wire

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/arn.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/read_file.h"
#include "base/replace_file.h"
#include "base/text.h"

namespace berth {
namespace {

TEST(Digest, KnownVectors) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, Base64RoundTrip) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd"}) {
    EXPECT_EQ(from_base64(base64(text)).value(), text);
  }
  EXPECT_FALSE(from_base64("abc"));
  EXPECT_FALSE(from_base64("a*bc"));
}

TEST(Digest, PercentEncoding) {
  EXPECT_EQ(percent_encode("a b/c~"), "a%20b%2Fc~");
  EXPECT_EQ(percent_encode("a b/c", true), "a%20b/c");
  EXPECT_EQ(percent_decode("a+b%2f", true).value(), "a b/");
  EXPECT_FALSE(percent_decode("%2"));
  EXPECT_FALSE(percent_decode("%zz"));
}

TEST(Json, SaysWhereItStopped) {
  json::value value;
  JsonError error;
  EXPECT_TRUE(parse_json(" {\"a\": 1} ", value, error));
  EXPECT_FALSE(parse_json("{\n  \"a\": ,\n}", value, error));
  EXPECT_EQ(error.line, 2);
  EXPECT_EQ(error.column, 8);
  EXPECT_FALSE(parse_json("{} x", value, error));
  EXPECT_FALSE(parse_json("", value, error));
}

TEST(Text, Wildcards) {
  EXPECT_TRUE(matches_wildcard("arn:*:role/a?c", "arn:aws:iam::1:role/abc"));
  EXPECT_FALSE(matches_wildcard("a*c", "abd"));
  EXPECT_TRUE(matches_wildcard("*", ""));
  EXPECT_FALSE(matches_wildcard("?", ""));
}

TEST(Text, Doubles) {
  EXPECT_EQ(shortest(40.0), "40");
  EXPECT_EQ(java_double(40.0), "40.0");
  EXPECT_EQ(java_double(21.5), "21.5");
}

TEST(Arn, RoundTrip) {
  const auto arn = parse_arn("arn:aws:ecs:us-east-1:123456789012:service/c/s");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->resource, "service/c/s");
  EXPECT_EQ(arn->text(), "arn:aws:ecs:us-east-1:123456789012:service/c/s");
  EXPECT_FALSE(parse_arn("arn:aws:ecs"));
  EXPECT_FALSE(parse_arn("no"));
}

TEST(Text, TellsUtf8FromOtherBytes) {
  for (const std::string text :
       {"", "plain", "\u00e4\u20ac", "\U0001f680", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const std::string text : {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                                 "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xe2\x82", "\xe2(\xa1"}) {
    EXPECT_FALSE(is_utf8(text)) << hex(text);
  }
}

TEST(ReplaceFile, WholeOrNotAtAll) {
  std::string folder = ::testing::TempDir() + "replace-file-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/f";
  EXPECT_EQ(read_file(path), "");
  ASSERT_TRUE(replace_file(path, "one"));
  ASSERT_TRUE(replace_file(path, "two"));
  EXPECT_EQ(read_file(path), "two");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::filesystem::create_directory(folder + "/taken");
  EXPECT_FALSE(replace_file(folder + "/taken", "x"));
  const auto failed = replace_file(folder + "/none/f", "x");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "Cannot write " + folder + "/none/f.new: No such file or directory");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace berth

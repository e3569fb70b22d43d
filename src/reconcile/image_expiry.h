// ImageExpiry: applies the lifecycle policies of ECR's repositories: once when a policy is put, then every
// hour (AWS promises to do it within a day).
#pragma once

#include "reconcile/table_watch.h"
#include "services/ecr/rows.h"

namespace berth::reconcile {

class ImageExpiry {
 public:
  ImageExpiry(Store& store, Loop& loop);
  ~ImageExpiry();
  ImageExpiry(const ImageExpiry&) = delete;
  ImageExpiry& operator=(const ImageExpiry&) = delete;

  void start() { watch_.start(); }

 private:
  void step();
  void apply(const ecr::RepositoryRow& repository);

  Store& store_;
  Loop& loop_;
  TableWatch watch_;
  TimerId timer_ = no_timer;
};

}  // namespace berth::reconcile

// Box<T>: a T on the heap with the value's own copies, for shapes that hold themselves.
#pragma once

#include <memory>

namespace berth {

template <class T>
class Box {
 public:
  Box() : value_(std::make_unique<T>()) {}
  Box(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Box(const Box& other) : value_(std::make_unique<T>(*other.value_)) {}
  Box(Box&& other) : value_(std::make_unique<T>(std::move(*other.value_))) {}
  Box& operator=(Box other) {
    value_.swap(other.value_);
    return *this;
  }

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;  // never null
};

}  // namespace berth

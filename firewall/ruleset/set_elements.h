// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// The elements of a set as texts, in the order in which they were given. A large policy has a
// hundred thousand of them, and they are kept as long as it is in force: so each is kept as what
// tells it from the one before, all in one piece of memory, a third of what as many strings take.
// To be read from front to back; whoever wants others makes another. Plain value: equal texts in
// the same order are equal. Pure; one pass to make and to read.
namespace cw::firewall {

class SetElements {
 public:
  using value_type = std::string;

  // What it points to is its own and is another text behind ++.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string*;
    using reference = const std::string&;

    Iterator() = default;

    reference operator*() const { return text_; }

    pointer operator->() const { return &text_; }

    Iterator& operator++() {
      read();
      return *this;
    }

    void operator++(int) { read(); }

    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

   private:
    friend class SetElements;

    Iterator(std::string_view packed, std::size_t count) : packed_(packed), left_(count + 1) {
      read();
    }

    void read();

    std::string_view packed_;  // those behind text_
    std::size_t left_ = 0;     // with text_; none: the end
    std::string text_;
  };

  using iterator = Iterator;
  using const_iterator = Iterator;

  SetElements() = default;
  SetElements(std::initializer_list<std::string> texts);
  explicit SetElements(const std::vector<std::string>& texts);

  [[nodiscard]] Iterator begin() const { return {packed_, count_}; }

  [[nodiscard]] static Iterator end() { return {}; }

  [[nodiscard]] std::size_t size() const { return count_; }

  [[nodiscard]] bool empty() const { return count_ == 0; }

  friend bool operator==(const SetElements&, const SetElements&) = default;

 private:
  // Of each: how many bytes of the text before it begins with, how many follow, and those.
  std::string packed_;
  std::size_t count_ = 0;
};

}  // namespace cw::firewall

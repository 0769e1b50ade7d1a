#include "resp/reader.hpp"

#include <boost/system/errc.hpp>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <algorithm>
#include <utility>

namespace spoa::resp {
namespace {

// Deeper than any reply of Redis, and shallow enough to be destroyed by recursion. hiredis 0.14
// stops at 7, 1.0 to 1.2 nowhere.
constexpr int deepest_array = 8;

int depth_of(const redisReadTask* task) noexcept
{
    int depth = 0;
    for (; task; task = task->parent)
        ++depth;
    return depth;
}

#if HIREDIS_MAJOR >= 1
using ElementCount = std::size_t;
#else
using ElementCount = int;
#endif

// Where the value of `task` goes: a new root, or one more element of the array being filled.
// Elements are appended one by one, never reserved: the count is the peer's word, the bytes are
// his deed. An element under construction is always the last, so growing moves only finished ones.
Value* put(const redisReadTask* task, Value value)
{
    if (!task->parent)
        return new Value(std::move(value));
    auto& parent = std::get<Array>(static_cast<Value*>(task->parent->obj)->data);
    return &parent.emplace_back(std::move(value));
}

// Called from C, through which no exception may pass: out of memory ends the program.
// NOLINTBEGIN(bugprone-exception-escape)
void* create_string(const redisReadTask* task, char* text, std::size_t size) noexcept
{
    std::string copy(text, size);
    if (task->type == REDIS_REPLY_ERROR)
        return put(task, {Error{std::move(copy)}});
    if (task->type == REDIS_REPLY_STATUS)
        return put(task, {Status{std::move(copy)}});
    if (task->type != REDIS_REPLY_STRING)
        return nullptr;  // a type of RESP3, which we never ask for
    return put(task, {std::move(copy)});
}

void* create_array(const redisReadTask* task, ElementCount elements) noexcept
{
    const auto& limits = *static_cast<const ReaderLimits*>(task->privdata);
    if (task->type != REDIS_REPLY_ARRAY || depth_of(task) > deepest_array ||
        static_cast<std::size_t>(elements) > limits.array_elements)
        return nullptr;  // hiredis ends the stream with an error

    constexpr std::size_t sure_room = 64;  // a reply of SENTINEL MASTER; more has to come first
    Array array;
    array.reserve(std::min(static_cast<std::size_t>(elements), sure_room));
    return put(task, {std::move(array)});
}

void* create_integer(const redisReadTask* task, long long value) noexcept
{
    return put(task, {std::int64_t{value}});
}

void* create_nil(const redisReadTask* task) noexcept
{
    return put(task, {Nil{}});
}

// NOLINTEND(bugprone-exception-escape)

void free_object(void* root) noexcept
{
    delete static_cast<Value*>(root);
}

#if HIREDIS_MAJOR >= 1
// RESP3 only: an error, as nothing that was created.
void* refuse_double(const redisReadTask*, double, char*, std::size_t) noexcept
{
    return nullptr;
}
void* refuse_bool(const redisReadTask*, int) noexcept
{
    return nullptr;
}
#endif

redisReplyObjectFunctions functions = {
    create_string,
    create_array,
    create_integer,
#if HIREDIS_MAJOR >= 1
    refuse_double,
#endif
    create_nil,
#if HIREDIS_MAJOR >= 1
    refuse_bool,
#endif
    free_object,
};

}  // namespace

struct Reader::Impl {
    ReaderLimits limits;
    redisReader* reader = redisReaderCreateWithFunctions(&functions);
    std::size_t unfinished = 0;  // bytes fed since the last whole reply

    explicit Impl(ReaderLimits given) : limits(given)
    {
        if (!reader)
            throw std::bad_alloc();
        reader->privdata = &limits;
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { redisReaderFree(reader); }
};

Reader::Reader(ReaderLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

void Reader::feed(std::string_view bytes)
{
    impl_->unfinished += bytes.size();
    redisReaderFeed(impl_->reader, bytes.data(), bytes.size());
}

result<std::optional<Value>> Reader::next()
{
    void* reply = nullptr;
    if (redisReaderGetReply(impl_->reader, &reply) != REDIS_OK)
        return make_error_code(boost::system::errc::bad_message);
    if (reply) {
        const std::unique_ptr<Value> root(static_cast<Value*>(reply));
        impl_->unfinished = impl_->reader->len - impl_->reader->pos;
        return std::optional(std::move(*root));
    }
    if (impl_->unfinished > impl_->limits.reply_bytes)
        return make_error_code(boost::system::errc::message_size);
    return std::nullopt;
}

}  // namespace spoa::resp

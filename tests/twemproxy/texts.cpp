#include "twemproxy/texts.hpp"

#include <array>

namespace spoa::test {
namespace {

class Writer {
public:
    explicit Writer(std::minstd_rand& random)
        : random_(random), line_end_(draw(4) == 0 ? "\r\n" : "\n")
    {}

    std::size_t draw(std::size_t bound) { return random_() % bound; }

    void add(const std::string& both) { add(both, both); }
    void add(const std::string& before, const std::string& after)
    {
        out_.text += before;
        out_.wanted += after;
    }

    // The end of a line, with what people leave there.
    void end_line()
    {
        constexpr std::array ends{"", "", "", "  ", " # 10.0.0.1:6379:1 R1", "\t# żółć", " #"};
        add(ends.at(draw(ends.size())) + line_end_);
        while (draw(6) == 0)
            add((draw(2) == 0 ? "" : "    # - 10.0.0.1:6379:1 old") + line_end_);
    }

    std::string address()
    {
        switch (draw(4)) {
            case 0: return "2001:db8::" + std::to_string(1 + draw(9)) + ":6379";
            case 1: return "redis-" + std::to_string(draw(99)) + ".example.com:6380";
            default: return "10.0.0." + std::to_string(1 + draw(99)) + ":6379";
        }
    }

    void add_pool(std::size_t number)
    {
        const auto name = "pool" + std::to_string(number) + (draw(5) == 0 ? " of many" : "");
        const std::string indent(1 + draw(4), ' ');
        const std::string in_list = indent + std::string(draw(3), ' ');
        add(draw(3) == 0 ? "\"" + name + "\":" : name + ":");
        end_line();
        add(indent + "listen: 127.0.0.1:" + std::to_string(20000 + number));
        end_line();
        if (draw(2) == 0) {
            add(indent + "redis_auth: 'it''s: 10.0.0.1:6379'");
            end_line();
        }
        add(indent + "servers:");
        end_line();
        const auto servers = 1 + draw(5);
        for (std::size_t i = 1; i <= servers; ++i)
            add_server(name, in_list, i);
        add(indent + "redis: true");
        end_line();
    }

    MadeFile take() { return std::move(out_); }

private:
    void add_server(const std::string& pool, const std::string& indent, std::size_t number)
    {
        constexpr std::array quotes{"", "", "'", "\""};
        const std::string quote = quotes.at(draw(quotes.size()));
        const bool named = draw(3) != 0;
        const auto name = "R" + std::to_string(number);
        const auto old = address();
        auto now = old;
        if (draw(2) == 0) {
            now = address();
            const auto colon = now.rfind(':');
            out_.targets.push_back(
                {pool,
                 named ? name : std::to_string(number),
                 *make_endpoint(now.substr(0, colon), now.substr(colon + 1))});
        }
        const auto rest = ":" + std::to_string(1 + draw(3)) + (named ? " " + name : "");
        add(indent + "-" + std::string(1 + draw(3), ' ') + (draw(8) == 0 ? "&a" + name + " " : ""));
        add(quote + old + rest + quote, quote + now + rest + quote);
        end_line();
    }

    std::minstd_rand& random_;
    std::string line_end_;
    MadeFile out_;
};

}  // namespace

MadeFile make_file(std::minstd_rand& random)
{
    Writer writer(random);
    if (writer.draw(4) == 0)
        writer.add("\xef\xbb\xbf");
    writer.end_line();
    const auto pools = 1 + writer.draw(4);
    for (std::size_t i = 1; i <= pools; ++i)
        writer.add_pool(i);
    return writer.take();
}

}  // namespace spoa::test

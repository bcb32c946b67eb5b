// What errors about recordings tell a user to change: keys of thimble.toml only where there is one.
#include "data/edits.h"

#include "folder.h"

namespace thimble {
namespace {

TEST(Edits, keys_are_named_only_where_a_project_has_them)
{
    DataFolder data;
    data.write("words.csv", "aX,aY\n1,2\n3,x\n");
    data.write("wide.csv", "a,b,c\n1,2,3\n");
    data.write("thin.csv", "a,b\n1,2\n");
    data.write("notes.doc", "1\n");
    struct Case {
        std::vector<std::string> files;
        const char* labels;
        const char* of_project;
        const char* of_command;
    };
    const Case cases[] = {
        {{"words.csv"}, "", "columns = [\"aX\"]", "leave it out of --calibration"},
        {{"thin.csv", "wide.csv"}, "", "columns = [...]", "leave it out of --calibration"},
        {{"notes.doc"}, "", "`files`", "leave it out of --calibration"},
        {{"wide.csv"}, "column:cc", "labels = \"column:c\"", "--labels column:c"},
        {{"wide.csv"}, "column:result", "`files`", "leave it out of --calibration"},
    };
    for (const Case& one : cases)
        for (const bool project : {true, false}) {
            DataOptions options;
            options.folder = data.folder.path();
            options.files = one.files;
            options.project = project;
            options.place = project ? "thimble.toml:9: files" : "--calibration";
            set_labels(options, one.labels, "labels");
            const std::string remedy = refusal_of(options).remedy;
            const char* const expected = project ? one.of_project : one.of_command;
            EXPECT_NE(remedy.find(expected), std::string::npos) << remedy;
            if (!project) {
                EXPECT_EQ(remedy.find("columns ="), std::string::npos) << remedy;
                EXPECT_EQ(remedy.find("`files`"), std::string::npos) << remedy;
            }
        }
}

TEST(Edits, where_labels_stand)
{
    DataOptions options;
    set_labels(options, "", "labels");
    EXPECT_EQ(options.labels, LabelSource::none);
    set_labels(options, "beside", "labels");
    EXPECT_EQ(options.labels, LabelSource::beside);
    set_labels(options, "column:punch", "labels");
    EXPECT_EQ(options.labels, LabelSource::column);
    EXPECT_EQ(options.label_column, "punch");
    const auto refusal = [&](const char* text) {
        try {
            set_labels(options, text, "labels");
        } catch (const Error& error) {
            return std::pair(error.code(), error.text().remedy);
        }
        return std::pair(ErrorCode::T0001, std::string());
    };
    for (const char* const text : {"folders", "column:", "row"})
        EXPECT_EQ(refusal(text).first, ErrorCode::T0106) << text;
    EXPECT_EQ(refusal("folders").second, "labels = \"folder\"");
    options.project = false;
    EXPECT_EQ(refusal("folders"), std::pair(ErrorCode::T0004, std::string("--labels folder")));
}

}  // namespace
}  // namespace thimble

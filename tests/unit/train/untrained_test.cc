// What a project costs before it is trained.
#include "train/untrained.h"

#include "../data/folder.h"
#include "project/project.h"

namespace thimble {
namespace {

// `front`: input and stages in front of the network.
ProjectFile project(const DataFolder& folder, const std::string& front, const std::string& layers,
                    const std::string& scheme)
{
    return parse_project_file(
        front + "[[stage]]\nkind = \"network\"\nmodel = \"net.tflite\"\nscheme = \"" + scheme +
            "\"\nlayers = [" + layers + "]\n[[stage]]\nkind = \"argmax\"\n",
        folder.folder.path() / "thimble.toml");
}

const char* const kMotion =
    "[input]\nkind = \"motion\"\nchannels = [\"x\", \"y\"]\n[[stage]]\n"
    "kind = \"window\"\nsamples = 20\n[[stage]]\nkind = \"normalize\"\n"
    "scale = 256\n";
const char* const kText =
    "[input]\nkind = \"text\"\n[[stage]]\nkind = \"hash_tokens\"\nmax_words = 12\nbuckets = 50\n";
const char* const kIds = "[input]\nkind = \"tensor\"\ntype = \"int32\"\nshape = [10]\n";
const char* const kImage = "[input]\nkind = \"image\"\nwidth = 8\nheight = 8\n";

TEST(Untrained, stand_ins_of_every_scheme_and_input_compile)
{
    const std::pair<const char*, const char*> networks[] = {
        {kMotion, "{conv1d = 4, kernel = 3}, {lstm = 5}, {dense = 3, activation = \"softmax\"}"},
        {kText, "{embedding = 4}, {global_pool = \"average\"}, {dense = 2}"},
        {kImage, "{conv2d = 2, kernel = 3}, {max_pool = 2}, {dense = 4}"},
        {kIds, "{embedding = 4, ids = 9}, {gru = 3}, {dense = 2}"}};
    for (const auto& [front, layers] : networks)
        for (const char* scheme : {"float32", "int8", "int16x8"}) {
            SCOPED_TRACE(testing::Message() << layers << " " << scheme);
            const DataFolder folder, models;
            const ProjectFile file = project(folder, front, layers, scheme);
            EXPECT_FALSE(is_trained(file));
            std::vector<std::string> notes;
            const ProjectFile complete = with_stand_ins(file, models.folder.path(), notes);
            EXPECT_TRUE(is_trained(complete));
            ASSERT_EQ(notes.size(), 1u);
            EXPECT_NE(notes[0].find("net.tflite is not trained yet"), std::string::npos);
            EXPECT_FALSE(load_project(complete).graph.nodes.empty());
        }
}

TEST(Untrained, both_models_of_a_seq2seq)
{
    const DataFolder folder, models;
    folder.write("letters.txt", "\n\n\na\nb\n");
    const ProjectFile file = parse_project_file(
        "[[stage]]\nkind = \"seq2seq\"\nencoder = \"e/m.tflite\"\ndecoder = \"d/m.tflite\"\n"
        "layers = [{embedding = 4}, {lstm = 3, sequences = true}]\n"
        "decoder_network = {embedding = 4}\nbegin = 1\nend = 2\nmax_source = 5\nmax_target = 6\n"
        "source_vocabulary = \"letters.txt\"\ntarget_vocabulary = \"letters.txt\"\n",
        folder.folder.path() / "thimble.toml");
    EXPECT_FALSE(is_trained(file));
    try {
        load_project(file);
        ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
        EXPECT_NE(error.text().found.find("e/m.tflite': not trained yet"), std::string::npos);
    }
    std::vector<std::string> notes;
    const ProjectFile complete = with_stand_ins(file, models.folder.path(), notes);
    EXPECT_EQ(notes.size(), 2u);
    EXPECT_FALSE(load_project(complete).graph.nodes.empty());
}

// Models of one name in several folders stay apart.
TEST(Untrained, models_of_equal_names)
{
    const DataFolder folder, models;
    const ProjectFile file = parse_project_file(
        std::string(kMotion) +
            "[[stage]]\nkind = \"network\"\nmodel = \"a/net.tflite\"\nscheme = \"float32\"\n"
            "layers = [{dense = 7}]\n"
            "[[stage]]\nkind = \"network\"\nmodel = \"b/net.tflite\"\nscheme = \"float32\"\n"
            "layers = [{dense = 3}]\n[[stage]]\nkind = \"argmax\"\n",
        folder.folder.path() / "thimble.toml");
    std::vector<std::string> notes;
    const ProjectFile complete = with_stand_ins(file, models.folder.path(), notes);
    EXPECT_EQ(notes.size(), 2u);
    EXPECT_NE(complete.stages[2].file("model"), complete.stages[3].file("model"));
    EXPECT_FALSE(load_project(complete).graph.nodes.empty());
}

TEST(Untrained, a_model_that_is_there_stays)
{
    const DataFolder folder, models;
    const ProjectFile file = project(folder, kMotion, "{dense = 3}", "int8");
    folder.write("net.tflite", "a file");
    std::vector<std::string> notes;
    const ProjectFile complete = with_stand_ins(file, models.folder.path(), notes);
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(complete.stages[2].file("model"), file.stages[2].file("model"));
    EXPECT_TRUE(is_trained(file));
}

TEST(Untrained, layers_that_do_not_fit_are_named)
{
    const DataFolder folder, models;
    std::vector<std::string> notes;
    try {
        with_stand_ins(project(folder, kMotion, "{conv1d = 4, kernel = 30}", "int8"),
                       models.folder.path(), notes);
        ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("kernel"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace thimble

// The result of a run, as a line of the study's CSV.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nwm/loss/segmentation_metrics.hpp"
#include "plan.hpp"

namespace study {

struct Result {
  Run run;
  nwm::SegmentationMetrics metrics;  ///< on the test set, with the weights of the best validation loss
  std::string verdict = {};          ///< "", "collapsed", or "diverged …" with place and value; no commas
};

/// Whether a model predicts almost only background: it finds less than one in a thousand of the foreground
/// pixels.
bool collapsed(const nwm::SegmentationMetrics& metrics);

/// run_name,dataset,model_type,readout_type,max_iters,num_layers,extension,loss,iou,acc,loss_foreground,
/// iou_foreground,acc_foreground. `extension` holds the U-Net's width and the verdict.
std::string csv_header();
std::string csv_row(const Result& result);

/// The same run as the authors' notebooks expect it: their names of data sets and models, and no empty field,
/// because pandas leaves rows with an empty grouping key out. They group by dataset, model_type, num_layers
/// and readout_type, or, on Multi-MNIST, by dataset, model_type and c_mid: a group is a configuration. What
/// they have not is told from theirs by the name of its model: conv_recurrent2_gru, unet2_3 on Tetrominoes,
/// cornn_model2_fft on Multi-MNIST. `extension` is the seed; the last column, `verdict`, is ours.
std::string authors_header();
std::string authors_row(const Result& result);

/// Reads a file of one header and one row. Throws nwm::Error naming the file and what is wrong with it.
Result read_result(const std::filesystem::path& path);
void write_result(const std::filesystem::path& path, const Result& result);

/// What saying nothing but background scores on the test set of a run (measures.hpp), in the file
/// background.csv of the run's folder: it needs no data to be read again. Throws as read_result.
nwm::SegmentationMetrics read_background(const std::filesystem::path& path);
void write_background(const std::filesystem::path& path, const nwm::SegmentationMetrics& metrics);

/// The results of all finished runs in a folder, in the order of the study; none where there is no such
/// folder. Throws nwm::Error where one cannot be read.
std::vector<Result> finished(const std::filesystem::path& runs);

/// Metrics of saying nothing but background, by data set: those that the first run of each has beside it.
/// Runs of versions before there was such a file have none.
using Backgrounds = std::map<std::string, nwm::SegmentationMetrics>;
Backgrounds backgrounds(const std::filesystem::path& runs, const std::vector<Result>& results);

}  // namespace study

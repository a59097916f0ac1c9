/** What the checks of packs say, in Chinese; what is not known here stays as the node says it. */

type Pattern = [said: RegExp, words: string];

/** `$1` and so on stand for what the node puts into its sentence. */
const REASONS: Pattern[] = [
  // form
  [/^it is missing$/, '缺少此项'],
  [/^there is none$/, '尚无内容'],
  [/^there is no key '(.+)'$/, '没有名为 $1 的键'],
  [/^expected `(.+)`, got `(.+)`$/, '类型应为 $1，现为 $2'],
  [/^invalid enum value '(.*)'$/, '不允许的取值 $1'],
  [/^it is no finite number$/, '不是有限数'],
  [/^it is an object, or a text in TOML or JSON$/, '应为对象，或 TOML、JSON 文本'],
  [/^it is nested too deeply$/, '嵌套过深'],
  [/^it lacks the language '(.+)'$/, '缺少语言 $1'],
  [/^it is of small letters and digits, parted by single hyphens or underscores$/, '应为小写字母与数字，以单个连字符或下划线分隔'],
  [/^an identifier is of small letters, digits and single underscores$/, '标识符应为小写字母、数字与单个下划线'],
  [/^a column of the result is called so already$/, '结果中已有同名字段'],
  [/^(\S+) is called so too$/, '与 $1 重名'],
  [/^an? (indicator|attribute) is called so too$/, '与另一指标或属性重名'],
  [/^scores are called so$/, '此名称用于得分'],
  [/^'(.+)' cannot be a name in an expression$/, '$1 不能用作表达式中的名称'],
  // attributes and indicators
  [/^'(.*)' is no canonical spelling$/, '$1 不是规范的单位写法'],
  [/^the unit '(.*)' is no canonical spelling$/, '单位 $1 不是规范写法'],
  [/^'(.+)' is no quantity the registry knows$/, '物理量 $1 未登记'],
  [/^(.+) is kept in (.+), not (.+)$/, '$1 的单位为 $2，而非 $3'],
  [/^`(.+)` is below `(.+)`$/, '$1 应小于 $2'],
  [/^words have neither bounds nor an error$/, '文字属性没有界限与误差'],
  [/^nothing uses it$/, '未被使用'],
  [/^it is above 0$/, '应大于 0'],
  [/^it is from 0 to 1$/, '应为 0 至 1'],
  [/^it is above 0 and at most (.+)$/, '应大于 0 且不超过 $1'],
  [/^they are from 0 to (\d+)$/, '应为 0 至 $1'],
  [/^it needs itself: (.+)$/, '循环引用：$1'],
  [/^the library has no indicator '(.+)'$/, '指标库中没有 $1'],
  [/^it has no formula$/, '没有公式'],
  [/^its formula has no input '(.+)'$/, '公式中没有输入 $1'],
  [/^its input '(.+)' is '(.+)', which is no attribute or indicator$/, '输入 $1 对应的 $2 不是属性或指标'],
  [/^its input '(.+)' is the attribute '(.+)', which is words, no number$/, '输入 $1 对应的属性 $2 为文字，不是数值'],
  [/^its input '(.+)' is in (.+), '(.+)' in (.+)$/, '输入 $1 的单位为 $2，而 $3 的单位为 $4'],
  [/^its formula is in (.+), which is no (.+)$/, '公式的单位为 $1，不是 $2'],
  [/^it has no direction$/, '未指明方向'],
  [/^it has no title$/, '没有标题'],
  [/^the expression names '(.+)', which is not given$/, '表达式中的 $1 未定义'],
  [/^the expression (.+) cannot be read: (.+)$/, '表达式 $1 无法识别：$2'],
  [/^(.+) is no function of expressions$/, '没有函数 $1'],
  // scores
  [/^the method (\S+) has none of it$/, '评分方式 $1 没有此项'],
  [/^a score as it is has the unit 1, not (.+)$/, '直接作为得分的指标单位应为 1，而非 $1'],
  [/^an indicator that is best at a target has no straight line$/, '以目标值为优的指标不能线性评分'],
  [/^`worst` and `best` are both told or neither$/, '最差值与最优值应同时填写或同时留空'],
  [/^`worst` and `best` are two different numbers$/, '最差值与最优值应不同'],
  [/^the direction (\S+) says that (.+), `worst` and `best` say the opposite$/, '方向与最差值、最优值相矛盾'],
  [/^the direction (\S+) says that (.+), the scores say the opposite$/, '方向与得分的变化相矛盾'],
  [/^a scoring by target belongs to the direction target, not (\S+)$/, '按目标值评分仅适用于以目标值为优的方向'],
  [/^(\d+) bounds part (\d+) classes, and there are (\d+) scores$/, '$1 个界限划分 $2 级，而得分有 $3 个'],
  [/^a line has two numbers or more$/, '分段线性至少需要两个数值'],
  [/^there are (\d+) numbers and (\d+) scores$/, '有 $1 个数值，$2 个得分'],
  [/^(\d+) numbers for a (\S+), not (\d+)$/, '$2 需要 $1 个参数，现有 $3 个'],
  [/^they rise from foot to foot$/, '参数应由左至右递增'],
  [/^the slope is not 0$/, '斜率不能为 0'],
  [/^width and power are above 0$/, '宽度与幂次应大于 0'],
  [/^the numbers rise$/, '数值应递增'],
  [/^scores are from 0 to 1, not (.+)$/, '得分应为 0 至 1，而非 $1'],
  // hierarchy and weights
  [/^it has no part$/, '没有组成项'],
  [/^a part is named twice$/, '组成项重复'],
  [/^'(.+)' is a part of '(.+)' too$/, '$1 同时属于 $2'],
  [/^it is a part of itself: (.+)$/, '循环包含：$1'],
  [/^the goal '(.+)' does not lead to it$/, '目标 $1 未包含此准则'],
  [/^coupling_coordination is of two or more parts$/, '耦合协调需要两个以上组成项'],
  [/^it tells numbers of the method (\S+), which it does not use$/, '填写了未采用的方法 $1 的数值'],
  [/^it combines two or more different methods$/, '应组合两种以上不同方法'],
  [/^the methods critic and principal_components weigh two or more parts$/, 'CRITIC 与主成分法需要两个以上组成项'],
  [/^there is none for '(.+)'$/, '缺少 $1 的数值'],
  [/^a weight is at least 0, not (.+)$/, '权重不小于 0，而非 $1'],
  [/^all weights are 0$/, '权重全为 0'],
  [/^(.+) – (.+) is not judged$/, '$1 与 $2 尚未比较'],
  [/^(.+) – (.+) is judged twice$/, '$1 与 $2 重复比较'],
  [/^pairs of at most (\d+) parts are judged, not (\d+)$/, '两两比较至多 $1 项，现有 $2 项'],
  [/^the judgments contradict each other: consistency ratio (\S+), above (\S+)$/, '判断相互矛盾：一致性比率 $1，大于 $2'],
  [/^a best and a worst are two parts or more$/, '最优最劣法至少需要两项'],
  [/^values are at least 1; (.+) has less$/, '数值不小于 1；$1 小于 1'],
  [/^the best part has 1, as it is the best itself$/, '最优项应为 1'],
  [/^the worst part has 1, as it is the worst itself$/, '最劣项应为 1'],
  [/^how many times as important (.+) is as (.+) is told twice and differs$/, '$1 相对 $2 的重要程度前后不一'],
  // grades, rules, scenarios
  [/^the first grade begins at the score 0$/, '首个等级应从 0 分开始'],
  [/^each grade begins at a higher score than the one before$/, '各等级起始得分应递增'],
  [/^grades begin at scores from 0 to below 1$/, '等级起始得分应为 0 至小于 1'],
  [/^there are at most (\d+)$/, '至多 $1 个'],
  [/^two grades have the same title$/, '两个等级标题相同'],
  [/^a colour is written #rrggbb$/, '颜色应写作 #rrggbb'],
  [/^no rule gives it$/, '没有规则给出此结论'],
  [/^it changes nothing$/, '没有任何改变'],
  [/^the expression is in (.+), '(.+)' in (.+)$/, '表达式的单位为 $1，而 $2 的单位为 $3'],
  [/^the attribute '(.+)' is in (.+), which is no area$/, '属性 $1 的单位为 $2，不是面积'],
  [/^'(.*)' is no (.+)$/, '没有名为 $1 的项'],
];

const HINTS: Pattern[] = [
  [/^a pure number is "1"$/, '纯数写作 1'],
  [/^numbers need a unit; a pure one is "1"$/, '数值需有单位，纯数写作 1'],
  [/^leave it out$/, '可以删去'],
  [/^take it away$/, '请删除'],
  [/^check the unit$/, '请核对单位'],
  [/^call one of them by another name$/, '请改名'],
  [/^a part has one parent$/, '组成项只能属于一个准则'],
  [/^each pair is judged once$/, '每对比较一次'],
  [/^tell in `inputs` which attribute it is$/, '请指明对应的属性'],
  [/^benefit: more is better; cost: less is better$/, '越大越好，或越小越好'],
  [/^name one of the library, or write a formula$/, '请选取指标库指标，或编写公式'],
  [/^one of (.+)$/, '可选：$1'],
  [/^(?:there are|it has):? (.+)$/, '可用：$1'],
  [/^think again about (.+) over (.+): (.+) stands there, the others say (.+), and so the ratio is (.+)$/, '请重新考虑 $1 相对 $2：现为 $3，其余判断意味着 $4，改后比率为 $5'],
  [/^tell `worst` and `best`, or score by target, classes, piecewise or membership$/, '请填写最差值与最优值，或改用其他评分方式'],
];

function translated(text: string, patterns: Pattern[]): string {
  const found = patterns.find(([said]) => said.test(text));
  return found ? text.replace(found[0], found[1]) : text;
}

export function reason(text: string): string {
  return translated(text, REASONS);
}

export function hint(text: string): string {
  return translated(text, HINTS);
}

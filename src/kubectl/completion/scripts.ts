// Scripts that teach a shell to ask the program itself what may stand next.

/** Shells that can be taught. */
export const SHELLS: readonly string[] = ['bash', 'zsh', 'fish', 'powershell']

/** The script for a shell; undefined when there is none for it. */
export function completionScript(shell: string, program: string): string | undefined {
  return Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell]?.(program) : undefined
}

// The answer is a line for each candidate, a tab before its description, and `:N` at the end. The bits of N:
// 1 nothing could be found out, 2 no space after the word, 4 no file names in place of candidates.
const SCRIPTS: Readonly<Record<string, (program: string) => string>> = {
  bash: (program) => `# bash completion for ${program}
__start_${program}() {
  local line=\${COMP_LINE:0:\${COMP_POINT}} current words answer directive candidate
  # COMP_WORDS is cut at = and :, which belong to words here.
  read -ra words <<< "$line"
  current=
  [[ $line == *[[:space:]] ]] || { current=\${words[-1]}; words=("\${words[@]:0:\${#words[@]}-1}"); }
  COMPREPLY=()
  answer=$("\${words[0]}" __completeNoDesc "\${words[@]:1}" "$current" 2> /dev/null) || return 0
  directive=\${answer##*:}
  answer=\${answer%:*}
  (( directive & 1 )) && return 0
  # What bash itself takes for the word begins after the last = or :, when it breaks words there.
  local kept=
  if [[ $current == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]]; then kept=\${current%"\${current##*[=:]}"}; fi
  [[ $current == -*=* ]] && kept=
  while IFS= read -r candidate; do
    [[ -n $candidate ]] && COMPREPLY+=("\${candidate#"$kept"}")
  done <<< "$answer"
  if (( directive & 2 )); then compopt -o nospace 2> /dev/null; fi
  if (( directive & 4 )); then compopt +o default 2> /dev/null; fi
  return 0
}
complete -o default -F __start_${program} ${program}
`,
  zsh: (program) => `#compdef ${program}
_${program}() {
  local -a answer candidates
  local line directive
  answer=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  directive=\${answer[-1]#:}
  answer[-1]=()
  (( directive & 1 )) && return 1
  for line in "\${answer[@]}"; do
    [[ -z $line ]] && continue
    line=\${line//:/\\\\:}
    candidates+=("\${line/$'\\t'/:}")
  done
  local -a options
  (( directive & 2 )) && options=(-S '')
  [[ $PREFIX == -*=* ]] && compset -P '*='
  if (( \${#candidates} > 0 )); then
    _describe -V '${program}' candidates "\${options[@]}"
  elif ! (( directive & 4 )); then
    _files
  fi
}
if [[ \${funcstack[1]} == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi
`,
  fish: (program) => `# fish completion for ${program}
function __${program}_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l answer ($words[1] __complete $words[2..-1] "$current" 2> /dev/null)
  set -q answer[1]; or return
  set -l directive (string sub -s 2 -- $answer[-1])
  set -e answer[-1]
  test (math "$directive % 2") -eq 1; and return
  if test (count $answer) -gt 0
    # A flag with its value is one word to fish.
    set -l kept (string match -r -- '^-.*=' "$current"; or echo)
    string join \\n -- $kept$answer
  else if test (math "floor($directive / 4) % 2") -eq 0
    __fish_complete_path "$current"
  end
end
complete -c ${program} -e
complete -c ${program} -f -k -a '(__${program}_complete)'
`,
  powershell: (program) => `# powershell completion for ${program}
Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
  param($word, $tree, $position)
  $said = @($tree.CommandElements | Where-Object { $_.Extent.StartOffset -lt $position } | ForEach-Object { $_.ToString() })
  $before = @($said | Select-Object -Skip 1)
  if ($word -ne '' -and $before.Count -gt 0) { $before = @($before | Select-Object -SkipLast 1) }
  # An empty word is lost between PowerShell and programs unless it is quoted.
  $last = if ($word -eq '') { '""' } else { $word }
  $answer = @(& $said[0] __complete @before $last 2> $null)
  if ($answer.Count -eq 0) { return }
  $directive = [int]$answer[-1].TrimStart(':')
  if ($directive -band 1) { return }
  $space = if ($directive -band 2) { '' } else { ' ' }
  $candidates = @($answer | Select-Object -SkipLast 1 | Where-Object { $_ -ne '' })
  if ($candidates.Count -eq 0 -and ($directive -band 4)) { return '' }
  $candidates | ForEach-Object {
    $value, $about = $_ -split "\`t", 2
    if (-not $about) { $about = $value }
    [System.Management.Automation.CompletionResult]::new("$value$space", $value, 'ParameterValue', $about)
  }
}
`,
}
